"""Training times of the experiment that this package began with, as published there; none of these numbers is ours.

Mini-imagenet, 50,000 samples seen per epoch, 10 epochs, in one pass of 977 batches of 512; 16 workers, one accelerator,
seed 0; a cache of 25,000 items (50 % of the data set) in each worker. Whether items were drawn with replacement is not
said. Each time was measured once.
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
