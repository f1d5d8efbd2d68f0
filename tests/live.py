"""Data sets whose samples say what they are, for the live cache; light, since processes of their own import it too."""

import os

import numpy as np
import torch
from torch.utils import data


def sample(index):
    """A sample of everything that is kept in a way of its own."""
    return {
        "image": torch.full((3, 4, 5), index, dtype=torch.int16),
        "pair": (np.full((2, 3), index, np.float32), [index, index / 3]),
        "name": str(index),
    }


def item_of(sample):
    """The item that all of a sample agrees to be."""
    index = int(sample["name"])
    image, (array, (whole, third)) = sample["image"], sample["pair"]
    assert image.dtype == torch.int16
    assert image.shape == (3, 4, 5)
    assert (image == index).all()
    assert array.dtype == np.float32
    assert (array == index).all()
    assert (whole, third) == (index, index / 3)
    return index


class Items(data.Dataset):
    """Samples that say their item; counts what it loads in memory that processes share."""

    def __init__(self, n_items):
        self.n_items = n_items
        self.loads = torch.zeros(n_items, dtype=torch.int64).share_memory_()

    def __len__(self):
        return self.n_items

    def __getitem__(self, index):
        assert type(index) is int
        self.loads[index] += 1
        return sample(index)


class Batched(Items):
    """The same, a batch in one call; remembers the calls of this process."""

    def __init__(self, n_items):
        super().__init__(n_items)
        self.calls = []

    def __getitems__(self, indices):
        assert len(set(indices)) == len(indices)
        self.calls.append(list(indices))
        return [self[index] for index in indices]


def as_list(batch):
    """A collate_fn that leaves samples as they are."""
    return batch


def fetched(loader):
    """The items of each batch of one pass, each sample checked."""
    return [[item_of(each) for each in batch] for batch in loader]


def files(folder="/dev/shm"):
    """What named caches have left in a folder."""
    return sorted(name for name in os.listdir(folder) if name.startswith("simcache-"))
