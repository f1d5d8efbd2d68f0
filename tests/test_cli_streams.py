"""Standard streams that are missing, full, closed or narrow; and text of others, on its way to a terminal."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import simcache
from simcache import Trace, explain, order, sweep, synth
from simcache.cli import main, output, streams
from simcache.cli.input import read_table
from simcache.cli.matrices import read_matrix
from simcache.loader import Loader
from simcache.pool import run_all
from simcache.text import html, latex, markdown, printable

SIMULATE = "simulate z.npz lru --capacity 5"
EVIL = "\x1b]0;title\x07\x1b[2Ja\nb\r\x9b1m\u202e\u2028\x7f<script>|`*"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    synth.zipf(50, 900, 1.0).save("z.npz")
    Trace(synth.zipf(50, 900, 1.0).ids, 50, EVIL, source={"made_by": EVIL}).save("evil.npz")
    return tmp_path


def shell(line, **environment):
    """A line for the shell, where simcache is a command."""
    root = str(Path(simcache.__file__).parents[1])
    command = f"simcache() {{ exec '{sys.executable}' -m simcache \"$@\"; }}; {line}"
    given = {**os.environ, "PYTHONPATH": root, **environment}
    return subprocess.run(["sh", "-c", command], env=given, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"(simcache {SIMULATE} -o a.csv) 2>&- <&-", 0, b""),
        (f"(simcache {SIMULATE} -o a.csv) >&-", 0, b""),
        (f"(simcache {SIMULATE}) >&- 2>&- <&-", 0, b""),
        ("(simcache simulate none.npz lru --capacity 5) >&- 2>&-", 2, b""),
        (f"(simcache {SIMULATE}) > /dev/full", 2, b"error: no space left on device\n"),
        ("(simcache --help) > /dev/full", 2, b"error: no space left on device\n"),
        ("(simcache simulate none.npz lru --capacity 5) 2> /dev/full", 2, b""),
        ("((simcache --help); echo $? >&2) | true", 0, b"0\n"),
        ("((simcache policies); echo $? >&2) | true", 0, b"0\n"),
    ],
)
def test_streams_that_are_missing_or_full(line, code, said):
    done = shell(line)
    lines = [line for line in done.stderr.splitlines(True) if not line.startswith(b"simcache: ")]  # of kernels compiled
    assert (done.returncode, b"".join(lines)) == (code, said)
    if "-o a.csv" in line:  # and no file got what was meant for a stream
        assert len(pd.read_csv("a.csv")) == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_all_of_help_comes_out_in_any_encoding(encoding, monkeypatch):
    for arguments in (["--help"], ["explain", "--help"], ["theory", "shuffled", "--help"], ["policies"]):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
        assert main(arguments) == 0
        text = raw.getvalue().decode(encoding)
        assert len(text) > 100
        assert "\\u" not in text
        assert "?" not in text


def test_an_error_comes_out_in_any_encoding(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert main(["simulate", "née…中\udcff.npz", "lru", "--capacity", "5"]) == 2
    assert raw.getvalue() == b"error: no such file or directory: 'n\\xe9e...\\u4e2d\\udcff.npz'\n"


WIDTHS = [("1", 20), ("0", 80), ("-5", 80), ("²", 80), ("1" + "0" * 9, 1000), ("60", 60)]


@pytest.mark.parametrize(("given", "width"), WIDTHS)
def test_any_width_of_the_terminal(given, width, monkeypatch, capsys):
    monkeypatch.setattr("os.get_terminal_size", lambda of: os.terminal_size((80, 24)))
    monkeypatch.setenv("COLUMNS", given)
    assert main(["curve", "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) == width


def on_a_terminal(*arguments, **environment):
    ours, theirs = pty.openpty()
    given = {**os.environ, "PYTHONPATH": str(Path(simcache.__file__).parents[1]), **environment}
    running = subprocess.Popen([sys.executable, "-m", "simcache", *arguments], env=given, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    return running.wait(), text.decode()


@pytest.mark.skipif(not hasattr(pty, "openpty"), reason="needs pseudo-terminals")
def test_nothing_of_a_trace_reaches_a_terminal_raw():
    for arguments in (
        ["simulate", "evil.npz", "lru", "--capacity", "5"],
        ["explain", "evil.npz", "--batch-size", "20", "--capacity", "5"],
    ):
        _, text = on_a_terminal(*arguments, COLUMNS="900", TERM="xterm")
        text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # Rich's own bold
        assert text.replace("\r\n", "\n").replace("\n", "").isprintable(), (arguments, text)
        assert r"\x1b" in text


def test_no_line_says_anything_raw(capsys):
    for arguments in (
        ["make-trace", "repeat", "evil.npz", "--probability", ".5", "-o", "o\x1b[2J.npz"],
        ["simulate", "no\x1b[2J.npz", "lru", "--capacity", "5"],
        ["simulate", "evil.npz", "l\x1b[2Jru", "--capacity", "5"],
        ["simulate", "evil.npz", "lru", "--\x1b[2J"],
        ["record", "\x1b[2J:x", "-o", "o.npz"],
    ):
        main(arguments)
        text = "".join(capsys.readouterr())
        assert r"\x1b" in text
        assert text.removesuffix("\n").isprintable(), arguments


def test_a_bar_needs_no_standard_error_and_shows_no_escapes(monkeypatch, capsys):
    assert run_all([lambda: 1] * 3, EVIL, progress=True) == [1, 1, 1]
    assert "\x1b]" not in capsys.readouterr().err
    monkeypatch.setattr(sys, "stderr", None)
    assert run_all([lambda: 1] * 3, "bar", progress=True) == [1, 1, 1]


def test_tables_show_text_of_others_as_escapes(capsys):
    screen = io.StringIO()
    table = pd.DataFrame({"trace": [EVIL], EVIL: [1.0], "hit_rate": [0.5]})
    output.show(table, Console(file=screen, width=400, highlight=False))
    assert screen.getvalue().replace("\n", "").isprintable()
    output.show(table, Console(file=screen, width=12, highlight=False))  # and where columns are left out
    assert screen.getvalue().replace("\n", "").isprintable()


def test_an_explanation_is_safe_in_every_form():
    trace = order.random(200, 3)
    found = explain(Trace(trace.ids, 200, EVIL, trace.epochs), Loader(20), 50)
    assert str(found).replace("\n", "").isprintable()
    assert found._repr_html_().isprintable()
    assert "<script>" not in found._repr_html_()
    text = found.to_markdown()
    assert r"\\x1b\[2Ja\\nb" in text
    assert r"\<script\>\|\`\*" in text


@pytest.mark.parametrize(
    "each", ["a é中 x", "", "plain", *map(chr, (0, 7, 10, 27, 127, 133, 155, 8238, 0x2066, 0xDC80))]
)
def test_printable_is_what_repr_would_not_escape(each):
    assert printable(each) == repr(each)[1:-1]


def test_markdown_of_any_text_is_that_text():
    for text in ("a|b", "<b>", "`x`", "*x* _y_", "[a](b)", "&lt;", "a\\b", "$x$", "~~a~~"):
        escaped = markdown(text)
        assert re.sub(r"\\([\W_])", r"\1", escaped) == text
        assert not re.search(r"(?<!\\)(\\\\)*[|<>`*_\[\]&$~]", escaped.replace(r"\\", ""))
    for text in ("# a", "- a", "+ a", "1. a", "12) a"):
        assert markdown(text) == re.sub(r"([#+.)-])", r"\\\1", text, count=1)
    assert markdown("-0.5") == "-0.5"
    assert html("<a>\x1b") == r"&lt;a&gt;\x1b"


def test_a_likeness_or_an_escape_stands_for_what_an_encoding_lacks():
    streams.prepare()
    assert "a…b–中é".encode("ascii", "alike") == b"a...b-\\u4e2d\\xe9"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", "alike")


def test_latex_sets_any_text(tmp_path):
    odd = ["[4pt] a", "*", "* b", "a--b---c", "?`x!`", "%$#_{}~^\\&<>|", EVIL, "γΩ−≤∞±×é ő ą đ ß 中 🎉 ﬁ «x» “y” …", ""]
    pd.DataFrame({"trace": odd, "[1pt]": odd, "hit_rate": 0.5}).to_json("odd.json", orient="records")
    assert main(["table", "odd.json", "--columns", "trace,[1pt],hit_rate", "-o", "odd.tex"]) == 0
    text = Path("odd.tex").read_text(encoding="utf-8")
    assert not re.search(r"(\\\\|rule)\s*[\[*]", text)
    assert latex("中") == "U+4E2D"
    assert latex("ﬁą") == "fia"
    if not any(os.access(Path(each, "pdflatex"), os.X_OK) for each in os.get_exec_path()):
        pytest.skip("no pdflatex")
    lines = ["\\documentclass{article}", "\\usepackage{booktabs}", "\\begin{document}", text, "\\end{document}"]
    Path("odd_page.tex").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "odd_page.tex"], capture_output=True
    )
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")


def test_infinite_and_missing_numbers_are_json_and_come_back(tmp_path):
    table = pd.DataFrame(
        {"trace": ["inf", "b", "c"], "ranks": [np.inf, -np.inf, np.nan], "hit_rate": [0.5, np.nan, 1.0]}
    )
    table["gap"] = pd.array([2**60 + 1, None, 3], dtype="Int64")
    table["wide"] = np.array([2**64 - 1, 1, 2], np.uint64)
    output.write(table, tmp_path / "t.json")
    text = (tmp_path / "t.json").read_text()
    assert not re.search(r"\b(NaN|Infinity)\b", text)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.json"), table)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_a_file(encoding, folder, capsys):
    table = sweep([Trace.load("z.npz")], ["lru"], [0.1, 0.5])
    for suffix in (".csv", ".json"):
        output.write(table, path := folder / f"t{suffix}")
        path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
        pd.testing.assert_frame_equal(read_table(path), table)
    (folder / "m.csv").write_text("0.5,0.5\r\n0.25,0.75\r\n", encoding=encoding)
    assert read_matrix(folder / "m.csv").tolist() == [[0.5, 0.5], [0.25, 0.75]]


def test_parquet_refuses_what_it_cannot_hold_in_one_line(folder):
    pytest.importorskip("pyarrow", reason="needs pyarrow, which is an extra")
    for values in ([10**30, 1], [2**64 - 1, -1], ["a", 1]):
        with pytest.raises(ValueError, match="one kind of value in each column, whole numbers of 64 bits at most"):
            output.write(pd.DataFrame({"size": pd.Series(values, dtype=object)}), folder / "t.parquet")
    assert not (folder / "t.parquet").exists()
