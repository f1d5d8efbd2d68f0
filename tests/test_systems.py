"""Library and command line need nothing that POSIX systems alone have: run without it, as on Windows."""

import os
import subprocess
import sys

import pandas as pd

# What Windows' Python lacks of the modules that simcache itself loads. Others keep theirs: they have loaded by then.
WITHOUT = """
import os, sys, signal
import numba, numpy, pandas, scipy.special, matplotlib.pyplot, rich, tqdm, typer
for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for name in ("chown", "fork", "getuid", "getgid", "geteuid", "sched_getaffinity", "posix_fallocate", "memfd_create"):
    delattr(os, name)
for name in [name for name in dir(os) if name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY")]:
    delattr(os, name)
from simcache.cli import main
sys.exit(max(main(line.split()) for line in sys.stdin))
"""

COMMANDS = """
make-trace shuffled --n-items 50 --epochs 3 -o shuffled.npz
curve shuffled.npz fifo --capacities 5,20 -o curve.csv
curve shuffled.npz fifo --capacities 5,20 -o curve.csv
sweep grid.toml --store stored -o swept.csv
sweep grid.toml --store stored -o swept.csv
plot curve.csv --kind curves -o curves.pdf
theory shuffled --fractions 0.2
""".strip()

GRID = """
policies = ["fifo"]
fractions = [0.1, 0.5]

[[traces]]
file = "shuffled.npz"
"""


def test_the_command_line_runs_without_posix(tmp_path):
    (tmp_path / "grid.toml").write_text(GRID)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=tmp_path,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")},
        input=COMMANDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "curve.csv")) == 2
    assert len(pd.read_csv(tmp_path / "swept.csv")) == 2
    assert len(list((tmp_path / "stored").glob("*.jsonl"))) == 1
    assert not list(tmp_path.glob(".*.csv"))
