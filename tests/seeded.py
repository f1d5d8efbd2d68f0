"""The seed's data set, for its decorators; light, since processes of their own import it too."""

from torch.utils.data import Dataset

from simcache.torch import OPTCacheDecorator


class CustomDataset(Dataset):
    def __init__(self, data_source, cache_size, precomputed_path):
        self.data_source = data_source
        self.setup_cache(precomputed_path, cache_size)

    def setup_cache(self, precomputed_path, cache_size):
        decorator = OPTCacheDecorator(
            precomputed_path=precomputed_path,
            maxsize=cache_size,
            prediction_window=10000,
            total_iter=len(self.data_source) * 3,
        )
        self._cached_getitem = decorator(self._load_data)

    def _load_data(self, obj, index):
        return self.data_source[index]

    def __getitem__(self, index):
        return self._cached_getitem(self, index)

    def __len__(self):
        return len(self.data_source)


class Decorated(Dataset):
    """Items that say what they are, behind any decorator; counts what this process loads."""

    def __init__(self, n_items, decorator):
        self.n_items, self.loaded = n_items, 0
        self.cached = decorator(self.load)

    def __len__(self):
        return self.n_items

    def load(self, obj, index):
        assert obj is self
        self.loaded += 1
        return [index]

    def __getitem__(self, index):
        return self.cached(self, index)
