"""Do the tests notice? Puts one fault at a time into a copy of the package and runs the tests that should see it.

    python tests/mutants.py                 all of mutants.txt
    python tests/mutants.py opt 12 30-40    those whose file has `opt` in its name, and these numbers

A mutant is killed when a test named for it fails, and survives when none does. One that no test can kill says why, and
must survive. Exits with 1 when one survives unexplained, is killed though explained, or is out of date.
"""

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.pdf", "*.png", "*.svg")
GOOD = ("killed", "equivalent")
MEMORY = 8 << 30  # bytes of address space that the tests of one mutant may take


class Mutant(NamedTuple):
    """One fault: `old` becomes `new` in a file of the package; `tests` must notice, or `why` says that none can."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    why: str

    def applied(self, text):
        """The text with the fault, or None where the old text is not there exactly once."""
        return text.replace(self.old, self.new) if text.count(self.old) == 1 else None


def mutants():
    """All of mutants.txt: `@` file, `-` old text, `+` new text, `?` a test that should notice, `=` why none can."""
    file = ""
    for block in (ROOT / "tests/mutants.txt").read_text().split("\n\n"):
        lines = [(line[:2].rstrip(), line[2:]) for line in block.splitlines()]
        told = {sign: [text for given, text in lines if given == sign] for sign in "@-+?="}
        if told["@"]:
            (file,) = told["@"]
        if told["-"]:
            old, new = "\n".join(told["-"]), "\n".join(told["+"])
            yield Mutant(file, old, new, tuple(told["?"]), " ".join(told["="]))


def wanted(word, number, file):
    low, _, high = word.partition("-")
    return int(low) <= number <= int(high or low) if low.isdecimal() else word in file


def checked(tree, tests, limit=None, output=None):
    """The exit status of pytest on a copy, None where it ran past the limit in seconds."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "simcache-mutants"]
    command = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
    env = {**os.environ, "PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(tree / ".cache")}
    running = subprocess.Popen(command, cwd=tree, env=env, start_new_session=True, stdout=output, stderr=output)
    try:
        return running.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)  # it and what it started: its session is its own
        running.wait()
        return None


def verdict(mutant, tree, limit):
    path = tree / "simcache" / mutant.file
    text, dated = path.read_text(), path.stat()
    mutated = mutant.applied(text)
    if mutated is None:
        return "OUT OF DATE"
    try:
        path.write_text(mutated)
        status = checked(tree, mutant.tests, limit, subprocess.DEVNULL)
    finally:
        path.write_text(text)
        os.utime(path, ns=(dated.st_atime_ns, dated.st_mtime_ns))  # as it was, so that its kernels need no compiling
    if mutant.why:
        return "equivalent" if status == 0 else "NOT EQUIVALENT"
    return "SURVIVED" if status == 0 else "killed"


def shown(mutant):
    old, new = (text.strip().partition("\n")[0] or "nothing" for text in (mutant.old, mutant.new))
    return f"{mutant.file}: {old} -> {new}" + (f"  ({mutant.why})" if mutant.why else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", help="numbers, ranges of them, or parts of file names; by default all")
    parser.add_argument("--jobs", type=int, default=1, help="mutants tried at a time, each in a copy of its own")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which one that hangs counts as killed")
    asked = parser.parse_args()
    todo = [
        (number, mutant)
        for number, mutant in enumerate(mutants(), 1)
        if not asked.which or any(wanted(word, number, mutant.file) for word in asked.which)
    ]
    if not todo:
        parser.error(f"no mutant is called {' '.join(asked.which)}")

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))  # the tests inherit it
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = SimpleQueue()
        for job in range(asked.jobs):
            trees.put(shutil.copytree(ROOT, Path(folder) / str(job), ignore=LEFT_OUT))
        every = sorted({test for _, mutant in todo for test in mutant.tests})
        print(f"{len(todo)} mutants; first their {len(every)} tests on the package as it is", flush=True)
        if checked(Path(folder) / "0", every):
            sys.exit("the tests must pass on the package as it is")

        def tried(numbered):
            number, mutant = numbered
            tree, start = trees.get(), time.monotonic()
            came = verdict(mutant, tree, asked.limit)
            trees.put(tree)
            print(f"{number:4} {came:11} {time.monotonic() - start:4.0f} s  {shown(mutant)}", flush=True)
            return came

        with ThreadPoolExecutor(asked.jobs) as pool:
            score = Counter(pool.map(tried, todo))
    print(", ".join(f"{count} {came}" for came, count in score.items()), f"of {len(todo)} mutants")
    return int(any(came not in GOOD for came in score))


if __name__ == "__main__":
    sys.exit(main())
