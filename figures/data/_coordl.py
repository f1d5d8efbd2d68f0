"""Measurements of the Linux page cache, published by others; none of these numbers is ours.

J. Mohan, A. Phanishayee, A. Raniwala & V. Chidambaram, "Analyzing and Mitigating Data Stalls in DNN Training", PVLDB
14(5), 2021, doi:10.14778/3446095.3446100: how much of a data set is read from storage in an epoch of training, once the
cache is warm.
"""

# Share of the data set that fits in memory -> share read from storage in an epoch, and how the loader read it.
READ = (
    ("ImageNet-1k", 0.35, 0.85, "shuffled"),
    ("OpenImages, DALI-shuffle", 0.65, 0.53, "shuffled"),
    ("OpenImages, DALI-seq", 0.65, 0.66, "sequential"),
    ("TFRecord", 0.50, 0.91, "sequential"),
    ("TFRecord", 0.35, 0.94, "sequential"),
    ("TFRecord", 0.25, 0.97, "sequential"),
)

# OpenImages with 65 % cached: GB read in an epoch through the page cache, and by a cache that never evicts.
PAGE_CACHE_GB, NEVER_EVICT_GB, RATIO_CACHED = 340, 225, 0.65

# Two servers with 75 GiB of memory each, for 146 GiB of data: GiB that each server reads in an epoch.
DATA_GIB, MEMORY_GIB, SERVERS, READ_GIB = 146, 75, 2, 45
