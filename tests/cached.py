"""A data set with a cache in it, for real loaders; light, since processes of their own import it too."""

import cachetools
from torch.utils import data


class Cached(data.Dataset):
    """An item is whether the cache of whoever fetched it had it, and its index."""

    def __init__(self, n_items, policy, capacity):
        self.n_items = n_items
        self.cache = getattr(cachetools, f"{policy.upper()}Cache")(capacity)

    def __len__(self):
        return self.n_items

    def __getitem__(self, index):
        if index in self.cache:
            return self.cache[index], index  # a lookup, which moves the item up
        self.cache[index] = True
        return False, index


def counted(dataloader, epochs):
    """(epoch, step, hit, item) of every access, in the order of delivery."""
    rows = []
    for epoch in range(epochs):
        if hasattr(dataloader.sampler, "set_epoch"):
            dataloader.sampler.set_epoch(epoch)
        for step, (hits, items) in enumerate(dataloader):
            rows += [(epoch, step, *pair) for pair in zip(hits.tolist(), items.tolist(), strict=True)]
    return rows
