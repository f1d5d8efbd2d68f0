"""Files made to do harm, through every command that reads such files: one clear line each, little memory, no signal."""

import json
import os
import re
import shlex
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import simcache
from simcache import Trace

GB = 1 << 30
TRACES = (
    "simulate {} lru --capacity 3",
    "curve {} lru --capacities 3",
    "make-trace repeat {} --probability .5 -o out.npz",
    "explain {} --batch-size 2 --capacity 3",
)
TABLES = ("plot {} -o out.svg", "table {} -o out.tex")
MATRICES = (
    "make-trace markov --matrix {} --n-accesses 9 -o out.npz",
    "theory markov --matrix {} --capacities 1 -o out.csv",
    "theory weighted --weights {} --capacities 1 -o out.csv",
)
COMMANDS = {
    ".npz": TRACES + MATRICES,
    ".npy": TRACES[:1] + MATRICES,
    ".csv": TABLES + MATRICES,
    ".json": TABLES,
    ".parquet": TABLES,
}
# Runs lines of commands, in one process: says before each that it begins, and at the end what it cost.
CHILD = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from simcache.cli import main
for line in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    print(json.dumps(line), flush=True)
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(line)
        except BaseException as error:
            code = repr(error)
    with open("/proc/self/status") as status:  # ru_maxrss is that of the parent, where that was larger
        peak = int(status.read().partition("VmHWM:")[2].split()[0])
    print(json.dumps([code, out.getvalue(), err.getvalue(), peak]), flush=True)
"""
TIGHT = 1 << 20  # kB: the peak of the process, libraries included, after each command


def header(shape, dtype, version=1, length=None):
    """The header of a .npy file, true or not."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(2 if version == 1 else 4, "little") + text


def zeros(size, start):
    """Zeros after a start, packed into a thousandth without ever being there: flushed blocks may be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 22)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * (size >> 22) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def packed(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(path, **members):
    """A zip written by hand: of each member its packed bytes, and the size that it says it has."""
    body, directory = b"", b""
    for name, (raw, size) in members.items():
        file = f"{name}.npy".encode()
        crc = zlib.crc32(zlib.decompress(raw, -15)) if size < 1 << 20 else 0  # of the others nobody is to know
        common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(raw), min(size, 2**32 - 1), len(file), 0)
        directory += b"PK\1\2\x14\0" + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + file
        body += b"PK\3\4" + common + file + raw
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    Path(path).write_bytes(body + directory + b"PK\5\6" + end)


def bomb(path, member, shape, dtype, size, version=1, **others):
    start = header(shape, dtype, version, size if version == 2 else None)
    raw = {each: array_bytes(value) for each, value in others.items()}
    whole = {each: (packed(value), len(value)) for each, value in raw.items()}
    archive(path, **{**whole, member: (zeros(size, start), len(start) + size)})


def array_bytes(value):
    value = np.asarray(value)
    return header(value.shape, value.dtype.str) + value.tobytes()


PARTS = {"ids": np.zeros(4, np.uint8), "n_items": np.int64(3), "name": "t", "epochs": np.array([0]), "source": "null"}


def trace(path, **parts):
    np.savez_compressed(path, **{**PARTS, **parts})


def matrix(path, **parts):
    good = sparse.csr_array(np.array([[0.5, 0.5], [0.25, 0.75]]))
    arrays = {"data": good.data, "indices": good.indices, "indptr": good.indptr, "shape": [2, 2], "format": b"csr"}
    np.savez_compressed(path, **{**arrays, **parts})


ROW = {"trace": "a", "policy": "lru", "capacity": 5, "fraction": 0.5, "hit_rate": 0.5, "hits": 3}


def rows(path, **cells):
    Path(path).write_text(json.dumps([{**ROW, **cells}]))


def line(path, **cells):
    row = {**ROW, **cells}
    Path(path).write_text(",".join(row) + "\n" + ",".join(str(cell) for cell in row.values()) + "\n")


def text(path, content):
    Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())


def hole(path, size=20 * GB):
    with open(path, "wb") as file:
        file.truncate(size)


def noise(path):
    Path(path).write_bytes(np.random.default_rng(0).bytes(5000))


def cut(path):
    whole = Path("whole" + path.suffix)
    if path.suffix == ".npz":
        Trace([0, 1, 0, 2], 3).save(whole)
    else:
        pd.DataFrame([ROW]).to_parquet(whole)
    path.write_bytes(whole.read_bytes()[:-9])


def many_columns(path, names=10**6):
    Path(path).write_text(",".join(f"c{i}" for i in range(names)) + "\n" + ",".join(["1"] * names) + "\n")


def members(path):
    with zipfile.ZipFile(path, "w") as file:
        for number in range(3000):
            file.writestr(f"{number}.npy", b"")


def bzip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("arr_0.npy", header((10**6,), "<f8") + bytes(1 << 24))


def wide_parquet(path):
    pd.DataFrame({"trace": ["x" * 20_000] * 8_000, "policy": "lru"}).to_parquet(path)


def nested_parquet(path):
    pd.DataFrame({**ROW, "trace": [[1, 2]]}).to_parquet(path)


FILES = {
    # any suffix
    **{f"empty{suffix}": lambda path: text(path, "") for suffix in COMMANDS},
    **{f"noise{suffix}": noise for suffix in COMMANDS},
    **{f"folder{suffix}": lambda path: path.mkdir() for suffix in COMMANDS},
    **{f"pipe{suffix}": os.mkfifo for suffix in COMMANDS},
    **{f"endless{suffix}": lambda path: path.symlink_to("/dev/zero") for suffix in COMMANDS},
    **{f"hole{suffix}": hole for suffix in COMMANDS},
    **{f"missing{suffix}": lambda path: path.symlink_to("nowhere") for suffix in COMMANDS},
    **{f"loop{suffix}": lambda path: path.symlink_to(path.name) for suffix in (".npz", ".csv")},
    **{f"cut{suffix}": cut for suffix in (".npz", ".parquet")},
    # traces
    "ids_bomb.npz": lambda p: bomb(p, "ids", (3 * GB,), "|u1", 3 * GB, **PARTS),
    "ids_square.npz": lambda p: trace(p, ids=np.zeros((2, 2), np.uint8)),
    "ids_real.npz": lambda p: trace(p, ids=np.zeros(4)),
    "ids_outside.npz": lambda p: trace(p, ids=np.array([0, 1, 200], np.uint8)),
    "n_items_real.npz": lambda p: trace(p, n_items=3.7),
    "n_items_wide.npz": lambda p: trace(p, n_items=np.uint64(2**63)),
    "n_items_none.npz": lambda p: trace(p, n_items=0),
    "epochs_back.npz": lambda p: trace(p, epochs=np.array([0, 3, 1])),
    "epochs_real.npz": lambda p: trace(p, epochs=np.array([0.0, 1.5])),
    "source_deep.npz": lambda p: trace(p, source="[" * 10**5),
    "source_list.npz": lambda p: trace(p, source="[1]"),
    "source_key.npz": lambda p: trace(p, source='{"hit_rate": 1}'),
    "source_wide.npz": lambda p: trace(p, source='{"a": 1' + "0" * 30 + "}"),
    "source_half.npz": lambda p: trace(p, source='{"a": "\\ud800"}'),
    "name_long.npz": lambda p: bomb(p, "name", (), f"<U{GB >> 2}", GB, **PARTS),
    "name_number.npz": lambda p: trace(p, name=3),
    "objects.npz": lambda p: trace(p, name=np.array([{}], object)),
    "header_long.npz": lambda p: bomb(p, "ids", (1,), "|u1", 3 * GB, version=2, **PARTS),
    "members.npz": members,
    "bzip.npz": bzip,
    # matrices
    "dense_bomb.npz": lambda p: bomb(p, "arr_0", (20_480, 20_480), "<f8", 3200 << 20),
    "dense_lie.npy": lambda p: text(p, header((10**6, 10**6), "<f8") + bytes(64)),
    "dense_negative.npy": lambda p: text(p, header((-1, 8), "<f8") + bytes(64)),
    "dense_text.npy": lambda p: np.save(p, np.array([["a", "b"], ["c", "d"]])),
    "dense_objects.npy": lambda p: np.save(p, np.array([[{}]], object)),
    "dense_structures.npy": lambda p: np.save(p, np.zeros(3, "i4,f8")),
    "dense_nan.npy": lambda p: np.save(p, np.full((2, 2), np.nan)),
    "cube.npy": lambda p: np.save(p, np.zeros((2, 2, 2))),
    "header_deep.npy": lambda p: text(p, b"\x93NUMPY\1\0\x10\x27" + b"(" * 10_000),
    **{
        f"{part}_{name}.npz": lambda p, part=part, value=value: matrix(p, **{part: value})
        for part in ("indices", "indptr")
        for name, value in {
            "high": np.array([0, 10**8, 1, 1][: 4 if part == "indices" else 3]),
            "low": np.array([0, -(10**8), 4, 1][: 4 if part == "indices" else 3]),
            "real": np.array([0.0, 0.5, 4.0, 1.0][: 4 if part == "indices" else 3]),
            "short": np.array([0]),
        }.items()
    },
    "shape_wide.npz": lambda p: matrix(p, shape=[2**31 - 1, 2**31 - 1]),
    "shape_back.npz": lambda p: matrix(p, shape=[-2, 2]),
    "format_none.npz": lambda p: matrix(p, format=b"xyz"),
    "format_bsr.npz": lambda p: matrix(p, format=b"bsr"),
    "format_coo.npz": lambda p: matrix(p, format=b"coo", row=np.array([0, 0, 1, 9]), col=np.array([0, 1, 0, 1])),
    "format_dia.npz": lambda p: matrix(p, format=b"dia", data=np.ones((1, 2)), offsets=np.array([10**8])),
    "data_objects.npz": lambda p: matrix(p, data=np.array([{}, 1, 2, 3], object)),
    # tables and matrices as text
    "columns.csv": many_columns,
    "one_line.csv": lambda p: text(p, b"a" * (1 << 24)),
    "quote.csv": lambda p: text(p, b'"' + b"a,b\n" * (1 << 20)),
    "zeros.csv": lambda p: text(p, bytes(1 << 20)),
    "wide.csv": lambda p: line(p, capacity=10**30),
    "wide_hits.csv": lambda p: line(p, hits=10**30),
    "wide_source.csv": lambda p: line(p, size=10**30),
    "utf16_cut.csv": lambda p: text(p, b"\xff\xfea\0b"),
    "latin.csv": lambda p: text(p, "trace,policy,é\n1,2,3\n".encode("latin-1")),
    "ragged.csv": lambda p: text(p, "trace,policy\n" + "1,2,3,4\n" * 9),
    "short_rows.csv": lambda p: text(p, ",".join(f"c{i}" for i in range(900)) + "\n" + "1\n" * 20_000),
    # tables
    "deep.json": lambda p: text(p, "[" * 10**5),
    "deep_row.json": lambda p: text(p, '[{"a":' * 10**5),
    "nested.json": lambda p: rows(p, trace=[1, 2]),
    "half.json": lambda p: rows(p, trace="\ud800"),
    "half_name.json": lambda p: rows(p, **{"\udfff": 1}),
    "wide.json": lambda p: rows(p, capacity=10**30),
    "wide_hits.json": lambda p: rows(p, hits=2**70),
    "wide_source.json": lambda p: rows(p, size=-(10**30)),
    "wider.json": lambda p: text(p, '[{"capacity": 1' + "0" * 5000 + "}]"),
    "words.json": lambda p: rows(p, capacity="many"),
    "columns.json": lambda p: text(p, json.dumps([{f"c{i}": 1 for i in range(10**5)}])),
    "diagonal.json": lambda p: text(p, json.dumps([{f"c{i}": 1} for i in range(10**5)])),
    "square.json": lambda p: text(p, json.dumps([{f"c{i}": 1 for i in range(900)}, *([{}] * 10**5)])),
    "empty_rows.json": lambda p: text(p, "[" + "{}," * 10**5 + "{}]"),
    "lists.json": lambda p: text(p, "[" + "[]," * 10**5 + "[]]"),
    "word.json": lambda p: text(p, '"' + "a" * (1 << 20) + '"'),
    "wide.parquet": wide_parquet,
    "nested.parquet": nested_parquet,
    "wrong.parquet": lambda p: text(p, array_bytes(np.arange(9))),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What was said of each file by each command; the commands run in a process of their own, or two."""
    folder = tmp_path_factory.mktemp("hostile")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for name, make in FILES.items():
            make(Path(name))
    finally:
        os.chdir(before)
    assert sum(path.lstat().st_blocks for path in folder.iterdir()) * 512 < 1 << 27
    lines = [shlex.split(command.format(name)) for name in FILES for command in COMMANDS[Path(name).suffix]]
    environment = {**os.environ, "PYTHONPATH": str(Path(simcache.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=folder,
        env=environment,
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = [json.loads(each) for each in done.stdout.splitlines()]
    found = [(" ".join(begun), *ended) for begun, ended in zip(said[::2], said[1::2], strict=False)]
    assert (done.returncode, done.stderr) == (0, ""), said[-1]
    assert len(found) == len(lines) == len(set(map(tuple, lines)))
    return found


def test_there_are_sixty_files_and_each_is_refused_in_one_line(told):
    assert len(FILES) >= 60
    wrong = [each for each in told if each[1] != 2 or each[2] or not re.fullmatch("error: [^\\n]+\\n", each[3])]
    assert wrong == []


def test_no_file_takes_a_gigabyte(told):
    peaks = {line: peak for line, *_, peak in told}
    assert max(peaks.values()) < TIGHT, next(line for line, peak in peaks.items() if peak >= TIGHT)
