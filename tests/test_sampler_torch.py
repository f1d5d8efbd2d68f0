"""Recording PyTorch's own samplers: what is recorded is what they then yield."""

import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from torch.utils import data  # noqa: E402
from torch.utils.data.distributed import DistributedSampler  # noqa: E402

from simcache.sampler import record  # noqa: E402

pytestmark = pytest.mark.torch
N = 200
WEIGHTS = [0.1 + i for i in range(N)]


def seeded():
    return torch.Generator().manual_seed(9)


SAMPLERS = {
    "sequential": lambda generator: data.SequentialSampler(range(N)),
    "random": lambda generator: data.RandomSampler(range(N), generator=generator),
    "replacement": lambda generator: data.RandomSampler(range(N), True, 77, generator),
    "weighted": lambda generator: data.WeightedRandomSampler(WEIGHTS, 90, True, generator),
    "weighted, once each": lambda generator: data.WeightedRandomSampler(WEIGHTS, 90, False, generator),
    "subset": lambda generator: data.SubsetRandomSampler(range(0, N, 2), generator),
}


@pytest.mark.parametrize("own", [True, False], ids=["own generator", "global generator"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_recorded_is_what_is_then_yielded(name, own):
    torch.manual_seed(3)
    sampler = SAMPLERS[name](seeded() if own else None)
    before = torch.get_rng_state()
    trace = record(sampler, 3)
    assert torch.equal(torch.get_rng_state(), before)

    epochs = [list(sampler) for _ in range(3)]
    assert trace.ids.tolist() == [i for epoch in epochs for i in epoch]
    assert trace.epochs == tuple(k * len(sampler) for k in range(3))
    assert trace.source["sampler"] == type(sampler).__name__
    assert trace.source["torch"] == torch.__version__
    assert trace.source.get("trace_seed") == (9 if own and name != "sequential" else None)
    assert trace.n_items == (N - 1 if name == "subset" else N)  # a subset does not know what it is a subset of


def test_the_global_generator_stays_put_when_a_pass_fails():
    class Broken(data.RandomSampler):
        def __iter__(self):
            yield from list(super().__iter__())[:3]
            raise RuntimeError("no more")

    sampler = Broken(range(N), generator=seeded())
    states = torch.get_rng_state(), sampler.generator.get_state()
    with pytest.raises(RuntimeError, match="no more"):
        record(sampler)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert torch.equal(sampler.generator.get_state(), states[1])


def test_distributed_sampler_gets_its_epochs_and_keeps_its_own():
    dataset = data.TensorDataset(torch.arange(N + 1))
    sampler = DistributedSampler(dataset, 4, 2, seed=8)
    sampler.set_epoch(5)
    trace = record(sampler, 3)
    assert sampler.epoch == 5
    expected = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        expected += list(sampler)
    assert trace.ids.tolist() == expected
    assert trace.n_items == N + 1
    assert trace.name == "DistributedSampler-rank2"
    assert trace.source["rank"] == 2
    assert trace.source["trace_seed"] == 8


def test_tensors_of_one_number_are_ids():
    assert record([torch.tensor(3), torch.tensor([1])]).ids.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (
            data.BatchSampler(data.SequentialSampler(range(9)), 4, False),
            r"trace 'BatchSampler', got \[0, 1, 2, 3\] \(a batch",
        ),
        (data.DataLoader(range(9), batch_size=4), r"trace 'DataLoader', got tensor\(\[0, 1, 2, 3\]\) \(a batch"),
        ([torch.tensor(1.5)], r"trace 'list', got tensor\(1.5"),
    ],
)
def test_batches_and_fractions_are_refused(sampler, message):
    with pytest.raises(TypeError, match=message):
        record(sampler)
