"""Bad files and bad wishes: one line says what must hold and what came, and nothing is left behind."""

import gzip
import io
import os
import re
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from simcache import Trace, formats

LINES = b"key,size\n" + b"".join(b"%d,%d\n" % (k % 97, k % 97 + 1) for k in range(50_000))
RECORDS = np.zeros(5000, np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")]))
RECORDS["key"], RECORDS["size"] = np.arange(5000) % 7, 512
MSR = b"1,hm,0,Read,0,512,1\n"
GET = b"0,a,1,5,1,get,0\n"


def npy(array):
    def make(path):
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=True)

    return make


def table(**columns):
    return lambda path: pq.write_table(pa.table(columns), path)


def twice(path):
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["key", "key"]), path)


def cut(data, share=0.5):
    return data[: int(len(data) * share)]


# name of the file: (what is in it, options, words of the message)
BAD = {
    # what a file is called
    "no suffix": (
        "a",
        b"1\n",
        {},
        r"a trace must end in .npz, .trace, .csv, .npy, .*named: csv, msr, npy, ora",
    ),
    "an unknown suffix": ("a.foo", b"1\n", {}, r"a trace must end in .*; got '.*a.foo'"),
    "packed and no more": ("a.zst", b"1\n", {}, r"a trace must end in .*; got '.*a.zst'"),
    "an unknown format": ("a.csv", b"1\n", {"format": "twiter"}, "unknown format 'twiter'; did you mean 'twitter'?"),
    "a format in other words": ("a.csv", b"1\n", {"format": "oracle_general"}, "did you mean 'oracleGeneral'"),
    # what is in it
    "nothing": ("a.csv", b"", {}, "a trace file must hold accesses, got none in '.*a.csv'"),
    "nothing but blank lines": ("a.csv", b"\n\r\n\n", {}, "a trace file must hold accesses, got none"),
    "nothing packed": ("a.txt.gz", gzip.compress(b""), {}, "a trace file must hold accesses, got none"),
    "nothing at all where something is packed": ("a.txt.zst", b"", {}, "a trace file must hold accesses, got none"),
    "a header alone": ("a.csv", b"key,size\n", {}, "a trace file must hold accesses, got none"),
    "no records": ("a.oracleGeneral", b"", {}, "a trace file must hold accesses, got none"),
    "no keys": ("a.npy", npy(np.zeros(0, int)), {}, "a trace file must hold accesses, got none"),
    "no rows": ("a.parquet", table(key=pa.array([], pa.int64())), {}, "a trace file must hold accesses, got none"),
    "other operations alone": (
        "a",
        b"0,a,1,5,1,set,0\n" * 3,
        {"format": "twitter"},
        "got none, but 3 other operations",
    ),
    # cut short
    "half of a .gz": (
        "a.csv.gz",
        cut(gzip.compress(LINES)),
        {},
        r"must be whole, got '.*', which breaks off after [\d,]+ w",
    ),
    "half of a .zst": ("a.csv.zst", cut(zstandard.compress(LINES)), {}, r"which breaks off after [\d,]+ whole lines"),
    "a .gz without its last byte": ("a.csv.gz", gzip.compress(LINES)[:-1], {}, "breaks off after 50,000 whole lines"),
    "a .zst without its last byte": (
        "a.csv.zst",
        zstandard.compress(LINES)[:-1],
        {},
        r"breaks off after [\d,]+ whole lines",
    ),
    "a second .zst cut short": (
        "a.txt.zst",
        zstandard.compress(b"a\n") + zstandard.compress(b"b\n")[:9],
        {},
        "after 1 w",
    ),
    "records cut short": ("a.oracleGeneral", RECORDS.tobytes()[:-7], {}, "which breaks off after 4,999 whole records"),
    "less than a record": ("a.oracleGeneral.bin", b"\1\2\3", {}, "which breaks off after 0 whole records"),
    "packed records cut short": ("a.oracleGeneral.zst", zstandard.compress(RECORDS.tobytes()[:-7]), {}, "4,999 whole"),
    "keys cut short": ("a.npy", lambda p: p.write_bytes(saved(p, np.arange(99))[:-20]), {}, "says that it has 99 keys"),
    "a table cut short": (
        "a.parquet",
        lambda p: p.write_bytes(saved_table(p)[:-9]),
        {},
        "a .parquet file must be whole",
    ),
    # another kind of file
    "a byte changed": (
        "a.csv.gz",
        (z := gzip.compress(LINES))[:900] + bytes([z[900] ^ 99]) + z[901:],
        {},
        "is damaged|breaks off",
    ),
    "a sum that is wrong": (
        "a.csv.gz",
        z[:-8] + bytes([z[-8] ^ 1]) + z[-7:],
        {},
        r"is damaged \(.*\) after [\d,]+ whole lines",
    ),
    "text in a .gz": ("a.csv.gz", LINES, {}, "a file ending in .gz must be packed so, got other bytes in '.*a.csv.gz'"),
    "gzip in a .zst": (
        "a.csv.zst",
        gzip.compress(LINES),
        {},
        "a file ending in .zst must be packed so, got other bytes",
    ),
    "gzip in a .csv": ("a.csv", gzip.compress(LINES), {}, "must hold text in UTF-8, got one that begins as gzip's"),
    "zstd in a .txt": (
        "a.txt",
        zstandard.compress(LINES),
        {},
        "must hold text in UTF-8, got one that begins as zstd's",
    ),
    "a table in a .csv": ("a.csv", table(key=[1, 2]), {}, "got one that begins as a .parquet file's"),
    "an array in a .txt": ("a.txt", npy(np.arange(3)), {}, "got one that begins as a .npy file's"),
    "a .npz in a .csv": ("a.csv", lambda p: p.write_bytes(saved_archive()), {}, "begins as a .npz file's"),
    "UTF-16": ("a.csv", "key\na\n".encode("utf-16"), {}, "got one that begins as text's in UTF-16"),
    "records in a .txt": ("a.txt", RECORDS.tobytes(), {}, "a file of this format must hold text, got a byte 0"),
    "text in records": ("a.oracleGeneral", LINES, {}, "must hold records of 24 bytes, got text"),
    "text in an array": ("a.npy", LINES, {}, "a .npy file must be one that NumPy wrote, got another"),
    "text in a table": ("a.parquet", LINES, {}, "a .parquet file must be whole, got one that is not"),
    "another .npz": ("a.npz", lambda path: np.savez(path, x=[1]), {}, "a trace file must be one that Trace.save wrote"),
    # keys and sizes of other kinds
    "keys that are reals": (
        "a.npy",
        npy(np.zeros(3)),
        {},
        "keys must be whole numbers or texts .*, got float64 of shape",
    ),
    "keys in rows": (
        "a.npy",
        npy(np.zeros((3, 2), int)),
        {},
        r"keys must be .* in one dimension, got int64 of shape \(3,",
    ),
    "keys that are objects": (
        "a.npy",
        npy(np.array([None, 1])),
        {},
        "keys must be whole numbers or texts .*got object",
    ),
    "a column of reals": (
        "a.parquet",
        table(key=[1.5]),
        {},
        "keys must be whole numbers or texts, got a column of double",
    ),
    "a column of lists": (
        "a.parquet",
        table(key=[[1]]),
        {},
        "keys must be whole numbers or texts, got a column of list",
    ),
    "sizes that are texts": (
        "a.parquet",
        table(key=[1], size=["b"]),
        {},
        "sizes must be whole numbers, got a column of s",
    ),
    "two columns of one name": (
        "a.parquet",
        twice,
        {"columns": "key=2"},
        "columns must be of one name each, got 'key' tw",
    ),
    # columns
    "columns of no name": (
        "a.csv",
        b"1,2,3\n",
        {},
        "columns must say which holds the key, .*; got none, of 3: '1', '2',",
    ),
    "a column that is not there": (
        "a.csv",
        LINES,
        {"columns": "key=3"},
        "columns must be there, got key=3 of 2: 'key', 's",
    ),
    "a name that is not there": (
        "a.csv",
        LINES,
        {"columns": "key=keys"},
        "got key='keys'; did you mean 'key'. of 2: 'key'",
    ),
    "a name that is there twice": (
        "a.csv",
        b"k,k\n1,2\n",
        {"columns": "key=k"},
        "must be of one name each, got key='k'",
    ),
    "a name without a header": (
        "a.csv",
        b"a\n",
        {"columns": "key=a", "header": False},
        "columns must be numbers where no",
    ),
    "no key": ("a.csv", LINES, {"columns": "size=2"}, "columns must say which holds the key, .*; got 'size=2'"),
    "no name": ("a.csv", LINES, {"columns": "2"}, "columns must be given as in key=2,size=4,time=1, got '2'"),
    "a name alone": ("a.csv", LINES, {"columns": " url "}, "got ' url '; did you mean 'key=url'. .in "),
    "columns of no name, but of names": (
        "a.csv",
        b"time,url\n1,/a\n",
        {},
        "by number or by name; got none, of 2: 'time', 'url' .in ",
    ),
    "semicolons": (
        "a.csv",
        b"time;path\n1;/a\n",
        {"columns": "key=path"},
        "got key='path' of 1: 'time;path'; csv is divided at commas",
    ),
    "tabs": ("a.csv", b"time\turl\n1\t/a\n", {"columns": "key=2"}, "got key=2 of 1: .*; csv is divided at commas"),
    "commas": ("a.tsv", b"time,url\n1,/a\n", {"columns": "key=time"}, "'time,url'; csv is .*, tsv at tabs .in "),
    "one column, well divided": ("a.csv", b"url\n/a\n", {"columns": "key=urls"}, "mean 'url'. of 1: 'url' .in "),
    "another role": (
        "a.csv",
        LINES,
        {"columns": "keys=2"},
        "columns must name key, size or time, got 'keys'; did you mean",
    ),
    "column 0": ("a.csv", LINES, {"columns": "key=0"}, "a column must be a name or a number from 1, got key=0"),
    "one role twice": (
        "a.csv",
        LINES,
        {"columns": "key=1,key=2"},
        "columns must name key, size and time once each, got",
    ),
    # other options
    "columns of a text": ("a.txt", b"a\n", {"columns": "key=1"}, "format txt takes no options; got columns"),
    "operations of a table": ("a.csv", LINES, {"ops": "get"}, "format csv takes columns, header; got ops"),
    "blocks of Twitter's": ("a", GET, {"format": "twitter", "block": 4}, "format twitter takes ops; got block"),
    "an unknown operation": (
        "a",
        GET,
        {"format": "twitter", "ops": "gest"},
        "ops must be of get, .*, got 'gest'; did you",
    ),
    "a block of nothing": (
        "a",
        MSR,
        {"format": "msr", "block": 0},
        "block must be a whole number of bytes 1 … .*, got 0",
    ),
    "a saved trace with a wish": (
        "a.npz",
        lambda p: Trace([0], 1).save(p),
        {"block": 1},
        "takes no options, got block",
    ),
    # bad lines
    "lines without a size": (
        "a.csv",
        b"a,1\nb\nc\n",
        {"columns": "key=1,size=2"},
        "at most 1 line in 100 .*got 2 of 3 in",
    ),
    "numbers in words": (
        "a.csv",
        LINES + b"a,b\n" * 999,
        {},
        "got 999 of 50,999 .*: line 50002: no number where there must",
    ),
    "negative sizes": ("a.csv", b"key,size\na,-1\n", {}, "got 1 of 1 in .*: line 2: a size or offset below 0"),
    "MSR's as Twitter's": ("a", MSR * 3, {"format": "twitter"}, "line 1: an operation that is none of these logs'"),
    "Twitter's as MSR's": (
        "a",
        GET * 3,
        {"format": "msr"},
        "at most 1 line in 100 of a file may be bad, unless allow_bad, got 3 of 3",
    ),
    "a csv as MSR's": (
        "a.csv",
        LINES,
        {"format": "msr"},
        "got 50,001 of 50,001 in .*: line 1: a column is missing or emp",
    ),
}


def saved(path, array):
    npy(array)(path)
    return path.read_bytes()


def saved_archive():
    np.savez(out := io.BytesIO(), ids=[1])
    return out.getvalue()


def saved_table(path):
    table(key=list(range(99)))(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_costs_one_line_and_leaves_nothing(tmp_path, kind):
    name, content, options, words = BAD[kind]
    path = tmp_path / name
    content(path) if callable(content) else path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as refused:
        formats.read(path, **options)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 600 + 2 * len(str(path))
    for target in ("b.trace", "b.npz", "b.csv", "b.parquet.gz"):
        with pytest.raises(ValueError, match=re.escape(message[:60])):
            formats.convert(path, tmp_path / target, **options)
    assert os.listdir(tmp_path) == [name]


def test_there_are_forty():
    assert len(BAD) >= 40


@pytest.mark.parametrize(("share", "pack"), [(0.9, gzip.compress), (0.5, gzip.compress), (0.9, zstandard.compress)])
def test_every_whole_record_before_the_break_is_counted(tmp_path, share, pack):
    rng = np.random.default_rng(1)
    data = b"".join(b"%d\n" % k for k in rng.integers(0, 10**9, 400_000))
    packed = cut(pack(data), share)
    suffix = ".gz" if pack is gzip.compress else ".zst"
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(packed)
    make = (lambda: zlib.decompressobj(31)) if suffix == ".gz" else zstandard.ZstdDecompressor().decompressobj
    whole = make().decompress(packed).count(b"\n")
    with pytest.raises(ValueError, match=f"breaks off after {whole:,} whole lines"):
        formats.read(path)


@pytest.mark.parametrize("path", [5, None, b"\0"])
def test_what_is_no_path(path):
    for call in (formats.read, lambda p: formats.convert(p, "b.npz"), lambda p: formats.write(Trace([0], 1), p)):
        with pytest.raises((TypeError, ValueError)):
            call(path)


def test_what_is_no_path_is_shown_in_one_line():
    frame = pd.DataFrame({"url": ["/a"] * 1000, "time": range(1000)})
    with pytest.raises(TypeError, match="a trace file must be named by a path, got ") as refused:
        formats.read(frame)
    assert "\n" not in str(refused.value)


def test_a_message_is_told_once(tmp_path):
    (tmp_path / "a.csv").write_text("time,url\n1,/a\n")
    with pytest.raises(ValueError, match="columns must say") as refused:
        formats.read(tmp_path / "a.csv")
    assert str(refused.getrepr(style="native")).count("columns must say") == 1


def test_a_folder_and_what_is_not_there(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "logs").mkdir()
    for folder in ("a.csv", "logs"):
        with pytest.raises(IsADirectoryError, match=folder):
            formats.read(tmp_path / folder)
    with pytest.raises(FileNotFoundError):
        formats.convert(tmp_path / "b.csv", tmp_path / "b.trace")
    assert sorted(os.listdir(tmp_path)) == ["a.csv", "logs"]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    wide = Trace([0], 1, sizes=[2**32])
    with pytest.raises(ValueError, match=r"sizes must be below 2\^32 in oracleGeneral, got 4294967296"):
        formats.write(wide, tmp_path / "b.oracleGeneral")
    with pytest.raises(ValueError, match=r"sizes must add up to less than 2\^62 for msr"):
        formats.write(Trace([0], 1, sizes=[2**63 - 1]), tmp_path / "b", "msr")
    with pytest.raises(TypeError, match="trace must be a Trace to be written, got list"):
        formats.write([1], tmp_path / "b.csv")
    for target, words in (("b.foo", "a trace must end in"), ("none/b.csv", "the folder to write to must exist")):
        with pytest.raises((ValueError, FileNotFoundError), match=words):
            formats.convert(tmp_path / "a.txt", tmp_path / target)
    with pytest.raises(ValueError, match="unknown format 'cvs'; did you mean 'csv'"):
        formats.convert(tmp_path / "a.txt", tmp_path / "b", to="cvs")
    with pytest.raises(TypeError, match=r"columns must be a text as in .*, or a dict; got 5"):
        formats.read(tmp_path / "a.csv", columns=5)
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_library_that_is_missing_is_named(tmp_path, monkeypatch):
    def missing(name, *_):
        raise ImportError(name)

    (tmp_path / "a.parquet").write_bytes(b"")
    (tmp_path / "a.txt.zst").write_bytes(b"x")
    for module in ("simcache.formats._packed", "simcache.formats.parquet"):
        monkeypatch.setattr(f"{module}.import_module", missing)
    with pytest.raises(ValueError, match=r"a .parquet file needs pyarrow: pip install 'simcache\[io\]'"):
        formats.read(tmp_path / "a.parquet")
    for call in (formats.read, lambda path: formats.write(Trace([0], 1), path)):
        with pytest.raises(ValueError, match=r"a .zst file needs zstandard: pip install 'simcache\[io\]'"):
            call(tmp_path / "a.txt.zst")


def test_more_accesses_than_a_trace_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("simcache.formats._gathering.LIMIT", 3)
    (tmp_path / "a.txt").write_text("a\n" * 4)
    with pytest.raises(ValueError, match=r"a trace must have at most 3 accesses, got more \(in '.*a.txt'\)"):
        formats.convert(tmp_path / "a.txt", tmp_path / "b.trace")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_file_with_any_name_is_read(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\n.csv"
    pd.DataFrame({"key": [1, 2]}).to_csv(os.fsdecode(path), index=False)
    trace = formats.read(path)
    assert trace.name == "\ufffd\n"
    assert trace.source["file"] == "\ufffd\n.csv"
