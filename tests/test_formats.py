"""Traces from files and to files: every format there and back, keys to the byte, and libcachesim's own files."""

import csv
import gzip
import io
import os
import tracemalloc

import libcachesim
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import traces

from simcache import Trace, formats, simulate, synth
from simcache.formats import _keys, _packed

UNSIZED = ("npy", "txt")  # what holds no sizes
SILENT = ("msr", "twitter")  # what no suffix says


def named(name):
    return {"format": name} if name in SILENT else {}


def ordered(trace):
    """The trace with its ids in order of first appearance, as files give it back."""
    again = Trace.of(trace.ids, "a")
    if trace.sizes is None or not len(trace):
        return again
    return Trace(again.ids, again.n_items, "a", sizes=trace.sizes[pd.unique(trace.ids)])


def read_text(tmp_path, text, name="a.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return formats.reported(path, **options)


def said(report):
    return " | ".join(report.lines())


# -- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", formats.names())
def test_every_format_there_and_back(tmp_path, name, pack):
    zipf = synth.zipf(300, 3000, 0.9, seed=4)
    sizes = np.random.default_rng(5).integers(1, 2**32, 300)
    for trace in (zipf, Trace(zipf.ids, 300, sizes=sizes)):
        path = tmp_path / f"a.{name}{pack}"
        formats.write(trace, path, **named(name))
        expected = ordered(trace)
        for found in (formats.read(path, **named(name)), converted(path, tmp_path / "b.trace", **named(name))):
            assert np.array_equal(found.ids, expected.ids)
            assert (found.n_items, found.name) == (expected.n_items, "a" if name not in SILENT else f"a.{name}")
            assert found.source == {"file": path.name, "format": name}
            if name in UNSIZED:
                assert found.sizes is None
            elif trace.sizes is not None:
                assert np.array_equal(found.sizes, expected.sizes)
            else:
                assert found.sizes is None or (found.sizes == 1).all()
        before = path.read_bytes()
        formats.write(trace, path, **named(name))
        assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == [path.name, "b.trace"]


def converted(source, target, **options):
    formats.convert(source, target, **options)
    return Trace.load(target)


@pytest.mark.parametrize("name", formats.names())
@settings(max_examples=20)
@given(trace=traces())
def test_any_trace_there_and_back(tmp_path_factory, name, trace):
    path = tmp_path_factory.getbasetemp() / f"any.{name}"
    formats.write(trace, path, **named(name))
    if not len(trace):
        with pytest.raises(ValueError, match="a trace file must hold accesses, got none in "):
            formats.read(path, **named(name))
        return
    found = formats.read(path, **named(name))
    assert found.ids.tolist() == ordered(trace).ids.tolist()


@pytest.mark.parametrize("target", ["b.npz", "b.trace", "b.csv.gz", "b.oracleGeneral", "b.parquet"])
@pytest.mark.parametrize("source", ["a.npz", "a.trace", "a.tsv"])
def test_any_format_becomes_any_other(tmp_path, source, target):
    trace = Trace([0, 1, 0, 2, 2, 3], 4, "hand", sizes=[5, 6, 7, 8])
    formats.write(trace, tmp_path / source)
    report = formats.convert(tmp_path / source, tmp_path / target, name="renamed")
    found = formats.read(tmp_path / target)
    assert found.ids.tolist() == trace.ids.tolist()
    assert found.sizes.tolist() == trace.sizes.tolist()
    assert (report.accesses, report.items) == (6, 4)
    assert found.name == ("renamed" if target in ("b.npz", "b.trace") else "b")


def test_a_format_without_a_suffix_is_written_by_its_name(tmp_path):
    formats.write(Trace([0, 1, 0], 2), tmp_path / "a.txt")
    formats.convert(tmp_path / "a.txt", tmp_path / "log", to="Twitter")
    assert (tmp_path / "log").read_text() == "0,0,0,1,0,get,0\n1,1,0,1,0,get,0\n2,0,0,1,0,get,0\n"
    formats.convert(tmp_path / "a.txt", tmp_path / "b.trace", to="txt")  # a name goes before a suffix
    assert (tmp_path / "b.trace").read_text() == "0\n1\n0\n"


# -- keys to the byte -------------------------------------------------------------------------------------------------

KEYS = st.binary(max_size=40) | st.text("ab\0\1", max_size=20).map(str.encode)


@given(st.lists(KEYS, max_size=60))
def test_keys_are_a_dictionary_of_bytes(given):
    data = np.frombuffer(bytearray(b"".join(given) + b"!"), np.uint8)
    edges = np.cumsum([0, *map(len, given)])
    keys = _keys.Keys()
    begin, end = edges[:-1], edges[1:]
    ids = [*keys.items(data, begin[:10], end[:10]), *keys.items(data, begin[10:], end[10:])]
    expected = Trace.of(given)
    assert ids == expected.ids.tolist()
    assert len(keys) == len(set(given))
    assert [keys[i] for i in range(len(keys))] == list(dict.fromkeys(given))


def test_many_keys_outgrow_every_array():
    rng = np.random.default_rng(0)
    given = [b"%d" % k * int(k % 7) for k in rng.integers(0, 9000, 30_000)]
    edges = np.cumsum([0, *map(len, given)])
    ids = _keys.Keys().items(np.frombuffer(bytearray(b"".join(given)), np.uint8), edges[:-1], edges[1:])
    assert np.array_equal(ids, Trace.of(given).ids)


def test_keys_that_are_looked_for_in_one_place_are_told_apart(monkeypatch):
    spelled = _keys._spelled

    def alike(*arguments):
        words, at, marks = spelled(*arguments)
        return words, at, marks * np.uint64(0)

    monkeypatch.setattr(_keys, "_spelled", alike)
    given = [b"a", b"b", b"abc\1\0\0\0\0", b"abc", b"abc\1\0\0\0\0x", b"a", b"", b"abc"] + [
        b"%d" % k for k in range(999)
    ]
    edges = np.cumsum([0, *map(len, given)])
    ids = _keys.Keys().items(np.frombuffer(bytearray(b"".join(given)), np.uint8), edges[:-1], edges[1:])
    assert np.array_equal(ids, Trace.of(given).ids)


@pytest.mark.parametrize("block", [1 << 21, 64])
def test_texts_of_any_kind_are_what_they_are(tmp_path, monkeypatch, block):
    monkeypatch.setattr(_packed, "BLOCK", block)
    keys = [
        "7",
        "07",
        "+7",
        "7.0",
        " 7",
        "7 ",
        "nan",
        "NA",
        "",
        "None",
        "é",
        "e\u0301",
        str(2**63),
        str(2**64 + 1),
        "-7",
    ]
    given = [keys[k] for k in np.random.default_rng(1).integers(0, len(keys), 200)]
    expected = Trace.of([key for key in given if key])
    for text in ("\n".join(given), "\r\n".join(given), "\n".join(given) + "\n"):
        trace, report = read_text(tmp_path, text, "a.txt")
        assert trace.ids.tolist() == expected.ids.tolist()
        assert (report.bad, report.good) == (0, len(expected))
    assert read_text(tmp_path, b"\xfda\n\xfdb\n\xfda", "a.txt")[0].ids.tolist() == [0, 1, 0]
    assert read_text(tmp_path, b"\xef\xbb\xbfa\nb\na\n", "a.txt")[0].n_items == 2


LINES = st.lists(st.lists(st.text('a",\r ;é', max_size=6), min_size=3, max_size=4), min_size=1, max_size=30)


@given(LINES)
def test_fields_are_those_of_python_s_csv(tmp_path_factory, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([field.replace("\r", "") for field in row])
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(text.getvalue(), newline="")
    seconds = [row[1].replace("\r", "") for row in rows]
    if not any(seconds):
        return
    trace, report = formats.reported(path, columns={"key": 2}, header=False, allow_bad=True)
    assert trace.ids.tolist() == Trace.of([key for key in seconds if key]).ids.tolist()
    assert report.bad == seconds.count("")


@pytest.mark.parametrize("dtype", ["u1", "i4", ">i8", "u8", "i8", "U3", "S3", ">U2"])
def test_arrays_of_keys(tmp_path, dtype):
    keys = np.random.default_rng(2).integers(0, 50, 500).astype(dtype)
    if dtype == "u8":
        keys += np.uint64(2**64 - 60)
    np.save(tmp_path / "a.npy", keys)
    assert formats.read(tmp_path / "a.npy").ids.tolist() == Trace.of(keys.tolist()).ids.tolist()


@pytest.mark.parametrize(
    "kind",
    ["int8", "uint64", "int64", "string", "large_string", "binary", "string_view", "dictionary"],
)
def test_columns_of_keys(tmp_path, kind):
    numbers = np.random.default_rng(3).integers(0, 50, 500)
    arrow = {"binary": pa.binary(), "string_view": pa.string_view(), "dictionary": pa.string()}
    text = "int" not in kind
    column = pa.array([f"key {k}" if text else int(k) for k in numbers]).cast(arrow.get(kind) or getattr(pa, kind)())
    if kind == "dictionary":
        column = column.dictionary_encode()
    pq.write_table(pa.table({"other": numbers, "key": column}), tmp_path / "a.parquet", row_group_size=90)
    assert formats.read(tmp_path / "a.parquet").ids.tolist() == Trace.of(numbers).ids.tolist()
    assert formats.read(tmp_path / "a.parquet", columns="key=1").ids.tolist() == Trace.of(numbers).ids.tolist()


def test_whole_numbers_of_64_bits_are_not_rounded(tmp_path):
    keys = np.array([2**64 - 1, 2**64 - 2, 2**63, 2**53 + 1, 2**53, 2**64 - 1], np.uint64)
    pd.DataFrame({"key": keys}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"key": keys}).to_csv(tmp_path / "a.csv", index=False)
    np.save(tmp_path / "a.npy", keys)
    for name in ("a.parquet", "a.csv", "a.npy"):
        assert formats.read(tmp_path / name).ids.tolist() == [0, 1, 2, 3, 4, 0]


# -- columns, and sizes -----------------------------------------------------------------------------------------------

LOG = "when,who,what,bytes\n1,a,x,10\n2,b,y,0\n2.5,a,x,11\n2,c,x,12\n"


@pytest.mark.parametrize(
    "columns", ["key=2,size=4,time=1", "key=who, size=bytes, time=when", {"key": "who", "size": 4, "time": 1}]
)
def test_columns_by_number_and_by_name(tmp_path, columns):
    trace, report = read_text(tmp_path, LOG, columns=columns)
    assert trace.ids.tolist() == [0, 1, 0, 2]
    assert trace.sizes.tolist() == [10, 1, 12]  # the first seen; 0 becomes 1
    assert (report.resized, report.zero_sized, report.out_of_order, report.bad) == (1, 1, 1, 0)
    assert trace.source == {"file": "a.csv", "format": "csv", "resized": 1, "zero_sized": 1, "out_of_order": 1}
    assert "items whose size changes, the first kept: 1" in said(report)
    assert "items of size 0, counted as 1: 1" in said(report)
    assert "lines with a time before that of the line before: 1" in said(report)
    assert ("the first line was taken for the names" in said(report)) is (columns == "key=2,size=4,time=1")
    tabbed = read_text(tmp_path, LOG.replace(",", "\t"), "a.tsv", columns=columns)[0]
    assert (tabbed.ids.tolist(), tabbed.sizes.tolist()) == (trace.ids.tolist(), trace.sizes.tolist())


def test_the_first_line_names_columns_or_does_not(tmp_path):
    assert read_text(tmp_path, "key\na\nb\n")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "\n\nkey\na\nb\n")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "key\na\nb\n", header=False)[0].ids.tolist() == [0, 1, 2]
    assert read_text(tmp_path, "id\na\nb\n")[0].ids.tolist() == [0, 1, 2]
    assert read_text(tmp_path, "id\na\nb\n", header=True)[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "1,a\n2,b\n", columns="key=2,time=1")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "x,key,size\n1,a,3\n", columns=None)[0].sizes.tolist() == [3]
    assert read_text(tmp_path, "t,k\n1,a\n2,b\n", columns="key=2,time=1")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "key\na\n", columns="key=1")[0].ids.tolist() == [0]
    assert read_text(tmp_path, "what,url,took\nGET,a,0.5\nGET,b,1e-3\n", columns="key=2")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "GET,a,0.5\nGET,b,1e-3\n", columns="key=2")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "deadbeef\n12345678\n")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, "deadbeef,GET\n12345678,GET\n", columns="key=1")[0].ids.tolist() == [0, 1]
    assert read_text(tmp_path, '"the key","a ""size"""\na,3\n', columns='key=the key,size=a "size"')[0].n_items == 1


def test_a_first_line_that_may_name_columns_is_told_if_it_is_an_access(tmp_path):
    for word, text, options in (
        ("url", "url\n/a\n/b\n", {}),
        ("url", "\n\nurl\n/a\n", {}),
        ("url", "when,url\n2026-01-01,/a\n", {"columns": "key=2"}),
        ("Größe der Datei", "Größe der Datei\n/a\n", {}),
        ("when;url", "when;url\n1;/a\n", {}),
    ):
        assert said(read_text(tmp_path, text, **options)[1]).startswith(f"the first line, {word!r}, was taken for an")
    for text, options in (
        ("key\n/a\n", {}),
        ("/a\n/b\n", {}),
        ("a.jpg\nb.jpg\n", {}),
        ("17\n18\n", {}),
        ("url\n/a\n", {"columns": "key=url"}),
        ("url\n/a\n", {"header": True}),
        ("url\n/a\n", {"header": False}),
    ):
        assert "was taken for an access" not in said(read_text(tmp_path, text, **options)[1])


def test_an_item_that_is_zero_and_one_has_not_changed(tmp_path):
    _, report = read_text(tmp_path, "key,size\na,0\na,1\na,0\nb,1\nb,0\nc,5\nc,5\n")
    assert (report.resized, report.zero_sized) == (0, 1)


NUMBERS = ["5", " 5", "5 ", "+5", "05", "-0", "9223372036854775807"]
NONE = ["x", "", " ", "5x", "5.5", "1e3", "0x5", "9223372036854775808", "99999999999999999999", "+", "--5", "5 5", "٣"]


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_a_size(tmp_path, text):
    trace, report = read_text(tmp_path, f"key,size\na,{text}\n")
    assert trace.sizes.tolist() == [max(1, int(text))]
    assert report.bad == 0


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_size(tmp_path, text):
    trace, report = read_text(tmp_path, "key,size\na,3\n" + f"b,{text}\n", allow_bad=True)
    assert (trace.n_items, report.bad) == (1, 1)
    missing = "a column is missing or empty, or a quote does not end"
    assert report.named == [f"line 3: {'no number where there must be one' if text.strip() else missing}"]


@given(st.floats(-1e200, 1e200, allow_subnormal=False) | st.integers(-(10**30), 10**30).map(float))
def test_times_are_about_what_python_reads(number):
    from simcache.formats import _fields

    for text in (repr(number), f"{number:.3f}"[:300], f" {number:e} "):
        data = np.frombuffer(bytearray(text.encode()), np.uint8)
        faults = np.zeros(1, np.uint8)
        (value,) = _fields.real_numbers(data, np.array([0]), np.array([data.size]), faults)
        assert faults[0] == 0
        assert value == pytest.approx(float(text), rel=1e-12, abs=1e-280)


# -- bad lines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1 << 21, 128])
def test_bad_lines_are_skipped_counted_and_named(tmp_path, monkeypatch, block):
    monkeypatch.setattr(_packed, "BLOCK", block)
    lines = [f"k{t % 50},{t % 50 + 1}" for t in range(1200)]
    for at, bad in ((3, "alone"), (400, "k1,-7"), (401, "k1,many"), (402, ",5"), (403, '"k1,5')):
        lines[at] = bad
    lines[500] = ""  # blank: no record at all
    trace, report = read_text(tmp_path, "key,size\n" + "\n".join(lines))
    assert (report.bad, report.good, len(trace), report.records) == (5, 1194, 1194, 1199)
    missing = "a column is missing or empty, or a quote does not end"
    expected = [(5, missing), (402, "a size or offset below 0"), (403, "no number where there must be one")]
    assert report.named == [f"line {at}: {why}" for at, why in [*expected, (404, missing), (405, missing)]]
    assert said(report) == f"skipped: 5 bad lines of 1,199: {'; '.join(report.named)}"
    assert trace.source["bad"] == 5


def test_ten_bad_lines_are_named_and_the_rest_counted(tmp_path):
    text = "key,size\n" + "a,1\n" * 10 + "a,x\n" * 15
    with pytest.raises(
        ValueError, match=r"at most 1 line in 100 .* unless allow_bad, got 15 of 25 in '.*': line 12: no"
    ):
        read_text(tmp_path, text)
    _, report = read_text(tmp_path, text, allow_bad=True)
    assert len(report.named) == 10
    assert said(report).endswith("line 21: no number where there must be one; and 5 more")


def test_one_in_a_hundred_is_allowed(tmp_path):
    assert read_text(tmp_path, "key,size\n" + "a,1\n" * 99 + "a,x\n")[1].bad == 1
    with pytest.raises(ValueError, match="got 1 of 99"):
        read_text(tmp_path, "key,size\n" + "a,1\n" * 98 + "a,x\n")


def test_rows_without_a_key_or_with_a_negative_size(tmp_path):
    table = pa.table({"key": ["a", None, "b", "a"], "size": [1, 2, -3, None]})
    pq.write_table(table, tmp_path / "a.parquet")
    trace, report = formats.reported(tmp_path / "a.parquet", allow_bad=True)
    assert (trace.ids.tolist(), trace.sizes.tolist(), report.bad) == ([0], [1], 3)
    assert report.named[1] == "row 3: a size or offset below 0"


# -- Twitter's and MSR's ----------------------------------------------------------------------------------------------

TWITTER = "".join(
    f"{t},{key},{len(key)},{size},9,{op},0\n"
    for t, key, size, op in [
        (0, "aa", 10, "get"), (0, "b", 20, "set"), (1, "aa", 10, "gets"), (2, "c", 0, "GET"), (2, "b", 20, "get"),
        (3, "aa", 0, "delete"), (4, "aa", 12, "get"),
    ]
)  # fmt: skip


def test_twitter_s_gets_are_accesses(tmp_path):
    trace, report = read_text(tmp_path, TWITTER, "cluster52.sort", format="twitter")
    assert trace.ids.tolist() == [0, 0, 1, 2, 0]
    assert trace.sizes.tolist() == [12, 1, 21]
    assert (trace.name, report.left_out, report.resized, report.bad) == ("cluster52.sort", 2, 1, 0)
    assert "left out: 2 lines of other operations" in said(report)
    assert trace.source["left_out"] == 2
    for ops in ("set,get,gets,delete", ["SET", "get", "gets", "delete"]):
        trace, report = read_text(tmp_path, TWITTER, "a", format="twitter", ops=ops)
        assert (len(trace), report.left_out) == (7, 0)


def test_a_line_of_another_operation_is_left_out_whatever_its_numbers(tmp_path):
    text = "0,a,x,y,1,set,0\n1,a,1,5,1,get,0\n2,b\n"
    _, report = read_text(tmp_path, text, "a", format="twitter", allow_bad=True)
    assert (report.left_out, report.bad, report.good) == (1, 1, 1)


MSR = (
    "128166372003061629,hm,1,Read,8192,4096,10\n"
    "128166372003061630,hm,1,Write,8191,2,10\n"
    "128166372003061631,hm,0,Read,8192,0,10\n"
    "128166372003061632,usr,1,Read,12288,8192,10\n"
    "128166372003061632,hm,1,Read,08192,512,10\n"
)


def test_msr_s_keys_are_host_disk_and_offset(tmp_path):
    trace, report = read_text(tmp_path, MSR, "hm_0.csv", format="msr")
    assert trace.ids.tolist() == [0, 1, 2, 3, 0]
    assert trace.sizes.tolist() == [4096, 2, 1, 8192]
    assert (trace.name, report.resized, report.zero_sized, report.out_of_order) == ("hm_0", 1, 1, 0)
    trace, report = read_text(tmp_path, MSR, "hm_0.csv", format="msr", ops="read")
    assert (trace.ids.tolist(), report.left_out) == ([0, 1, 2, 0], 1)


@pytest.mark.parametrize("most", [1 << 20, 3])
def test_requests_are_split_into_blocks(tmp_path, monkeypatch, most):
    monkeypatch.setattr("simcache.formats.msr.MOST", most)
    trace, report = read_text(tmp_path, MSR, "hm_0.csv", format="msr", block=4096)
    # Blocks: hm 1: 2 | hm 1: 1, 2 | hm 0: 2 | usr 1: 3, 4 | hm 1: 2
    assert trace.ids.tolist() == [0, 1, 0, 2, 3, 4, 0]
    assert trace.sizes.tolist() == [4096] * 5
    assert (report.good, report.accesses) == (5, 7)


def test_a_request_of_too_many_blocks_is_bad(tmp_path):
    text = MSR + f"1,hm,1,Read,0,{2**40},1\n2,hm,1,Read,{2**62 + 1},1,1\n3,hm,1,Read,-1,1,1\n"
    _, report = read_text(tmp_path, text, "a", format="msr", block=512, allow_bad=True)
    reasons = ("a request of too many blocks", "no number where there must be one", "a size or offset below 0")
    assert report.named == [f"line {6 + k}: {why}" for k, why in enumerate(reasons)]


# -- libcachesim's own ------------------------------------------------------------------------------------------------


def hits_of(path, policy, capacity, n):
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    return round((1 - getattr(libcachesim, policy)(capacity).process_trace(reader)[0]) * n)


@pytest.mark.parametrize("suffix", [".oracleGeneral.bin", ".oracleGeneral.zst"])
def test_libcachesim_hits_as_often_on_what_is_written_here(tmp_path, suffix):
    for trace in (synth.zipf(300, 6000, 0.9, seed=1), synth.shuffled(200, 20, seed=2)):
        formats.write(trace, path := tmp_path / f"a{suffix}")
        for policy, ours in (("Belady", "opt"), ("LRU", "lru"), ("FIFO", "fifo")):
            assert hits_of(path, policy, 40, len(trace)) == simulate(trace, ours, 40).sum()


def test_what_libcachesim_writes_hits_as_often_here(tmp_path):
    keys = np.random.default_rng(6).zipf(1.3, 4000) % 500
    (tmp_path / "a.csv").write_text("".join(f"{t},{key},1\n" for t, key in enumerate(keys.tolist())))
    options = libcachesim.ReaderInitParam()
    options.time_field, options.obj_id_field, options.obj_size_field = 1, 2, 3
    options.obj_id_is_num, options.has_header, options.delimiter = True, False, ","
    reader = libcachesim.TraceReader(str(tmp_path / "a.csv"), libcachesim.TraceType.CSV_TRACE, options)
    libcachesim.Util.convert_to_oracleGeneral(reader._reader, str(tmp_path / "r.oracleGeneral"), True, False)
    trace = formats.read(tmp_path / "r.oracleGeneral")
    assert len(trace) == 4000
    for policy, ours in (("Belady", "opt"), ("LRU", "lru"), ("FIFO", "fifo")):
        assert hits_of(tmp_path / "r.oracleGeneral", policy, 40, 4000) == simulate(trace, ours, 40).sum()


def test_what_is_written_of_the_next_access_is_right_and_not_trusted(tmp_path):
    trace = Trace([0, 1, 0, 2, 1, 0], 3, sizes=[7, 8, 9])
    formats.write(trace, path := tmp_path / "a.oracleGeneral")
    dtype = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")])
    found = np.fromfile(path, dtype)
    assert found["next"].tolist() == [3, 5, 6, -1, -1, -1]
    assert found["time"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["size"].tolist() == [7, 8, 7, 9, 8, 7]
    found["next"] = 99
    found.tofile(path)
    assert formats.read(path).ids.tolist() == trace.ids.tolist()


# -- packed files -----------------------------------------------------------------------------------------------------


def test_files_packed_in_several_parts(tmp_path):
    for pack, suffix in ((gzip.compress, ".gz"), (zstandard.compress, ".zst")):
        parts = [pack(b"a\nb\n" * 9000), pack(b""), pack(b"c"), pack(b"d\n")]
        trace, _ = read_text(tmp_path, b"".join(parts), f"a.txt{suffix}")
        assert len(trace) == 18_001
        assert trace.n_items == 3


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (zstandard.compress, ".zst")])
def test_a_line_without_an_end_is_refused_before_it_is_read(tmp_path, pack, suffix):
    packed = pack(b"a" * 5_000_000) + pack(b"b" * 50_000_000) + pack(b"c" * 50_000_000)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"whole, .* has a record of more than 2097152 bytes after 0 whole lines"):
        read_text(tmp_path, packed, f"b.txt{suffix}")
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


def test_memory_grows_with_keys_and_not_with_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(_packed, "BLOCK", 1 << 16)
    keys = np.random.default_rng(7).permutation(30_000)
    body = b"".join(b"user/%07d/photo.jpg,%d\n" % (key, key % 99 + 1) for key in keys.tolist())
    peaks = []
    for times in (1, 10):
        (tmp_path / "a.csv").write_bytes(b"key,size\n" + body * times)
        tracemalloc.start()
        formats.convert(tmp_path / "a.csv", tmp_path / "a.trace")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(Trace.load(tmp_path / "a.trace")) == times * 30_000
    assert peaks[1] < 1.1 * peaks[0]
