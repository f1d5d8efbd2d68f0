"""Readers and writers on few slots, one of them killed every moment: python tests/torture.py [reads [left out]].

What is accepted is checked byte by byte. With a part of the protocol left out ("claim" or "look"), wrong samples must
turn up, else the rest would prove nothing. Prints what it counted as JSON.
"""

import json
import multiprocessing
import random
import re
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np

import simcache.torch.protocol as protocol
from simcache.torch.describing import laid
from simcache.torch.slots import Slots

SLOTS, ITEMS, PROCESSES, BYTES = 64, 128, 6, 4096
STORES, READS = 32, 256  # by turns; together they take about as long as each other
KILL_S, KILLS = 0.1, 30  # of one set of slots: a process killed while it writes costs one of them
LEFT_OUT = {
    "claim": r"    if not swap\(at, old, mine \| np\.uint64\(1\)\):\n        return REFUSED\n",
    "look": r"                acquire\(\)\n                good\[k\] = load\(at\) == word\n",
}
READ, WRONG, STORED, REFUSED = range(4)


def without(part):
    """The protocol, but for one part of it."""
    source, found = re.subn(LEFT_OUT[part], "", Path(protocol.__file__).read_text())
    assert found == 1, f"{part!r} is not in the protocol as it was"
    module = ModuleType("torture.protocol")
    module.__package__ = protocol.__package__
    exec(compile(source, f"protocol without {part}", "exec"), vars(module))
    return module


def work(rules, slots, counted, seed):
    """Half reading, half writing, until killed."""
    place, rng = (slots._words, slots._at, slots._size), np.random.default_rng(seed)
    samples = [laid(np.full(BYTES // 8, item, np.int64)) for item in range(ITEMS)]
    layout, number = samples[0].layout, np.ones(1, np.int64)
    block, places, targets = layout.block(READS)
    good = np.empty(READS, np.bool_)
    values = block[places[0] : places[0] + READS * BYTES].view(np.int64).reshape(READS, -1)
    while True:
        for item in rng.integers(ITEMS, size=STORES).tolist():
            number[0] = 1
            rules.count(slots._base + 8 * 100, number)
            it = samples[item]
            done = rules.store(
                *place, item % SLOTS, item, int(number[0]), layout.head.ctypes.data, layout.head.size, it.parts
            )
            counted[REFUSED if done == protocol.REFUSED else STORED] += 1
        items = rng.integers(ITEMS, size=READS)
        rules.gather(*place, items % SLOTS, items, layout.key, layout.head.size, layout.sizes, targets, good)
        right = (values == items[:, None]).all(1)
        counted[READ] += np.count_nonzero(good)
        counted[WRONG] += np.count_nonzero(good & ~right)


def torture(reads, left_out=None):
    """What all processes counted, until they have accepted so many reads, or with a part left out found a wrong one."""
    rules = protocol if left_out is None else without(left_out)
    fork = multiprocessing.get_context("fork")
    counts = np.frombuffer(fork.RawArray("q", PROCESSES * 4), np.int64).reshape(PROCESSES, 4)
    kills = 0

    def start(k):
        # Numba compiles in the parent, before the fork, what it has not compiled yet.
        process = fork.Process(target=work, args=(rules, slots, counts[k], random.getrandbits(64)), daemon=True)
        process.start()
        return process

    def done():
        total = counts.sum(0)
        return total[READ] >= reads or (left_out is not None and total[WRONG])

    while not done():
        slots = Slots(SLOTS, slot_bytes=BYTES)
        warm(rules, slots)
        processes = [start(k) for k in range(PROCESSES)]
        for _ in range(KILLS):
            time.sleep(KILL_S)
            if done():
                break
            k = random.randrange(PROCESSES)
            processes[k].kill()
            processes[k].join()
            processes[k] = start(k)
            kills += 1
        for process in processes:
            process.kill()
            process.join()
        slots.close()
    return {**dict(zip(("read", "wrong", "stored", "refused"), counts.sum(0).tolist(), strict=True)), "kills": kills}


def warm(rules, slots):
    """Compile the kernels that `work` calls."""
    it = laid(np.zeros(BYTES // 8, np.int64))
    place, zero = (slots._words, slots._at, slots._size), np.zeros(1, np.int64)
    rules.count(slots._base + 8 * 100, zero.copy())
    rules.store(*place, 0, 0, 0, it.layout.head.ctypes.data, it.layout.head.size, it.parts)
    _block, _places, targets = it.layout.block(1)  # the block must live while it is written to
    good = np.empty(1, np.bool_)
    rules.gather(*place, zero, zero, it.layout.key, it.layout.head.size, it.layout.sizes, targets, good)


if __name__ == "__main__":
    arguments = sys.argv[1:] or ["10_000_000"]
    print(json.dumps(torture(int(arguments[0]), *arguments[1:])))
