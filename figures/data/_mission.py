"""Training times of the experiment that this package began with, and of a later one by the same author.

As published there; none of these numbers is ours, and each time was measured once. The first: mini-imagenet, 50,000
samples seen per epoch, 10 epochs, in one pass of 977 batches of 512; 16 workers, one accelerator, seed 0; a cache of
25,000 items (50 % of the data set) in each worker. Whether items were drawn with replacement is not said.

The second: github.com/Puiching-Memory/OPT4TorchDataset, README.md at a9caca1 of 2026; one process (no workers), batches
of 16, 5 epochs in one pass with replacement, a cache of 30 % of the data set (lab/training_speed/experiment.py of that
commit). Its images of random colours number about 10,000 (lab/training_speed/README.md at 523f419). Its "warm-up" is a
run without a cache that came before the others: the same setting twice.
"""

COLUMNS = ("none", "opt", "lru", "lfu", "fifo", "rr")  # what the workers' caches ran

# Minutes:seconds of a run.
TIMES = {
    "resnet50": "5:21 4:36 4:44 4:44 4:41 4:47",
    "efficientnet_b0": "5:34 4:46 4:49 4:50 4:59 4:52",
    "mobilenetv4_conv_small": "5:07 3:12 3:16 3:14 3:16 3:15",
    "convnext_base": "6:54 6:10 6:14 6:23 6:18 6:10",
    "deit3_small_patch16_224": "4:33 3:17 3:15 3:16 3:13 3:16",
    "vit_small_patch8_224": "6:36 6:58 6:33 6:35 6:39 6:41",
    "swin_tiny_patch4_window7_224": "4:09 4:08 3:59 4:03 3:59 6:21",
}


def seconds() -> dict[str, dict[str, int]]:
    """The times in seconds, by network and column."""
    clock = {network: [each.split(":") for each in row.split()] for network, row in TIMES.items()}
    return {
        network: {name: 60 * int(m) + int(s) for name, (m, s) in zip(COLUMNS, row, strict=True)}
        for network, row in clock.items()
    }


LATER_COLUMNS = ("fifo", "lfu", "lru", "opt", "rr", "none", "warm-up")

# Seconds of a run.
LATER_TIMES = {
    "convnextv2_base": (179.1515, 167.4298, 149.3036, 136.9226, 163.4252, 195.6518, 159.9803),
    "davit_base": (118.902, 118.8557, 711.6681, 82.9771, 132.2939, 120.6464, 137.6575),
    "mobilenetv3_small_100": (97.6476, 95.3437, 82.9322, 47.3384, 69.0704, 103.9736, 112.7548),
    "mobilenetv5_base": (168.7884, 166.6462, 171.9088, 150.2256, 172.5975, 189.045, 230.02),
    "resnet50": (65.3436, 71.7038, 69.5199, 42.7169, 69.1713, 84.1985, 73.032),
    "swin_base_patch4_window7_224": (126.8982, 137.4744, 155.4214, 85.9536, 114.0388, 125.5925, 140.2842),
    "swinv2_cr_base_224": (126.8298, 156.9438, 181.8895, 104.4104, 182.2423, 191.7603, 158.8843),
    "vit_base_patch16_224": (115.6438, 98.5015, 105.8998, 67.547, 116.7467, 127.2664, 108.5507),
    "vit_base_patch16_dinov3": (94.6338, 97.7933, 124.6119, 96.1758, 91.3743, 160.4503, 135.4348),
}


def later() -> dict[str, dict[str, float]]:
    """The later times, by network and column."""
    return {network: dict(zip(LATER_COLUMNS, row, strict=True)) for network, row in LATER_TIMES.items()}
