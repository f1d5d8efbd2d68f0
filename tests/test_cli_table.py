"""simcache table: what it writes is what LaTeX, markdown and csv readers take, and the numbers are the table's."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simcache import sweep, synth
from simcache.cli import main


@pytest.fixture(autouse=True)
def rows(tmp_path, monkeypatch):
    """A sweep with two seeds of rr, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    policies = ["lru", ("opt", {"bypass": True}), "rr"]
    found = sweep([synth.zipf(50, 2000, 1.0)], policies, [0.1, 0.5], seeds=(0, 1))
    found.to_csv("t.csv", index=False)
    return found


def table(*arguments):
    assert main(["table", *map(str, arguments)]) == 0


def lines(path):
    return Path(path).read_text(encoding="utf-8").splitlines()


def cells(path):
    """The cells of a markdown table, row by row, the rule among them."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines(path)]


def body(path):
    """The cells of a LaTeX tabular, row by row."""
    text = Path(path).read_text(encoding="utf-8")
    match = re.search(r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*)\\bottomrule", text, re.DOTALL)
    cells = [line.removesuffix(r" \\").split(" & ") for line in match[2].splitlines() if line != r"\midrule"]
    assert {len(row) for row in cells} == {len(match[1])}
    return cells


def half(rates):
    return stats.t.ppf(0.975, len(rates) - 1) * stats.sem(rates)


def test_spread_over_policies_with_seeds_averaged(rows, capsys):
    table("t.csv", "--across", "policy", "--columns", "fraction,hit_rate", "--digits", 4, "-o", "t.tex")
    said = capsys.readouterr().out
    assert "wrote t.tex: 2 rows, 4 columns; ±: half of the 95 % interval of a mean over seeds" in said
    head, *found = body("t.tex")
    assert head == ["fraction", "LRU", "OPT (bypass)", "RR"]
    rates = rows.groupby(["fraction", "policy"], sort=False)["hit_rate"].agg(list)
    for c, cells in zip((0.1, 0.5), found, strict=True):
        assert cells[:3] == [f"{c:.4f}", *(f"{rates[c, label][0]:.4f}" for label in ("lru", "opt(bypass=True)"))]
        assert cells[3] == f"{np.mean(rates[c, 'rr']):.4f} $\\pm$ {half(rates[c, 'rr']):.4f}"


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_means_made_elsewhere_are_a_table_too(suffix):
    traces = [synth.ring(40, 800, jump=0.3, seed=seed) for seed in range(3)]
    found = sweep(traces, ["lru", "opt"], [0.1, 0.5])
    means = found.groupby(["policy", "fraction"], as_index=False).mean(numeric_only=True)
    assert (means["hits"] % 1).any()
    name = f"means.{suffix}"
    if suffix == "json":
        means.to_json(name, orient="records")
    else:
        getattr(means, f"to_{suffix}")(name, index=False)
    table(name, "--columns", "policy,fraction,hits,hit_rate", "-o", "means.csv.csv")
    read = pd.read_csv("means.csv.csv")
    np.testing.assert_allclose(read["hit_rate"], means["hit_rate"], atol=0.0005 + 1e-12)
    np.testing.assert_allclose(read["hits"].astype(float), means["hits"].astype(float), atol=0.0005 + 1e-12)


def test_rows_that_differ_by_seeds_alone_are_one(rows):
    traces = [synth.zipf(50, 2000, alpha, seed=seed) for alpha in (0.5, 1.0) for seed in range(3)]
    found = sweep(traces, ["lru", "rr"], [0.1, 0.5], seeds=(0, 1))
    found.to_csv("s.csv", index=False)
    table("s.csv", "--columns", "alpha,policy,fraction,hits,hit_rate", "-o", "s.md")
    rates = found.groupby(["alpha", "policy", "fraction", "trace_seed"], sort=False)["hit_rate"].mean()
    each = rates.groupby(level=[0, 1, 2], sort=False).agg(list)
    printed = [row[-1] for row in cells("s.md")[2:]]
    assert printed == [f"{np.mean(rate):.3f} ± {half(rate):.3f}" for rate in each]
    table("s.csv", "--columns", "alpha,policy,fraction,trace_seed,hit_rate", "-o", "each.md")  # a seed shown stays
    assert len(lines("each.md")) == 2 + len(rates)
    table("s.csv", "--columns", "policy,alpha,hit_rate_warm,hit_rate", "-o", "s.csv.csv")
    read = pd.read_csv("s.csv.csv")
    assert list(read.columns) == ["policy", "alpha", "hit_rate_warm", "hit_rate_warm ±", "hit_rate", "hit_rate ±"]
    np.testing.assert_allclose(read["hit_rate"], each.map(np.mean), atol=0.0005 + 1e-12)
    np.testing.assert_allclose(read["hit_rate ±"], each.map(half), atol=0.0005 + 1e-12)


def test_rows_that_nothing_tells_apart_are_printed_as_they_came():
    Path("two.csv").write_text("policy,hit_rate\nlru,0.5\nlru,0.75\n")
    table("two.csv", "-o", "two.md")
    assert cells("two.md")[2:] == [["LRU", "0.500"], ["LRU", "0.750"]]
    table("t.csv", "t.csv", "-o", "twice.md")
    assert len(lines("twice.md")) == 2 + 16


def test_no_mean_over_a_parameter(rows, capsys):
    assert main(["table", "t.csv", "--columns", "trace,hit_rate", "--across", "policy", "-o", "no.md"]) == 2
    assert "must differ by seeds alone, for trace='zipf-1.0', policy='lru'; got 2 rows with" in capsys.readouterr().err


def test_headers_and_cells_are_escaped():
    odd = "50% of $x_1 & {y}~z^2 #3 \\ <|>"
    pd.DataFrame({"a_b%": [odd], "hit_rate": [0.25]}).to_csv("odd.csv", index=False)
    table("odd.csv", "--columns", "a_b%,hit_rate", "-o", "odd.tex")
    head, row = [line.removesuffix(r" \\") for line in lines("odd.tex") if line.endswith(r"\\")]
    assert head == r"a b\% & hit rate"
    plain = re.sub(r"\\text(backslash|asciitilde|asciicircum|less|greater|bar)\{\}|\\[&%$#_{}]", "", row)
    assert re.findall(r"[%$#_{}~^\\<>|]", plain) == []
    assert plain.count("&") == 1
    table("odd.csv", "--columns", "a_b%,hit_rate", "-o", "odd.md")
    assert len(re.findall(r"(?<!\\)\|", lines("odd.md")[2])) == 3


def test_markdown_aligns_numbers():
    table("t.csv", "--columns", "policy,capacity,hit_rate", "-o", "t.md")
    head, rule, first, *_ = cells("t.md")
    assert head == ["policy", "capacity", "hit rate"]
    assert [re.sub("-+", "-", cell) for cell in rule] == [":-", "-:", "-:"]
    assert first[:2] == ["LRU", "5"]
    assert first[2].startswith("0.")


def test_csv_keeps_names_and_rounds(rows):
    rows[rows["seed"] == 0].to_csv("one.csv", index=False)
    for name, more in (("one.csv", []), ("t.csv", ["--columns", "trace,seed,policy,capacity,fraction,hit_rate"])):
        table(name, *more, "--digits", 2, "-o", "u.csv")
        found = pd.read_csv("u.csv")
        given = pd.read_csv(name)
        assert [c for c in found.columns if c != "seed"] == ["trace", "policy", "capacity", "fraction", "hit_rate"]
        assert found["policy"].tolist() == given["policy"].tolist()
        np.testing.assert_allclose(found["hit_rate"], given["hit_rate"], rtol=0, atol=0.005 + 1e-12)
        assert all(re.fullmatch(r"\d\.\d\d", line.rpartition(",")[2]) for line in lines("u.csv")[1:])


def test_several_tables_are_joined_and_missing_cells_are_dashes(rows):
    rows[rows["policy"] != "rr"].assign(trace="other").to_csv("other.csv", index=False)
    table("t.csv", "other.csv", "--across", "policy", "-o", "both.tex")
    found = body("both.tex")
    assert [row[0] for row in found[1:]] == ["zipf-1.0", "zipf-1.0", "other", "other"]
    assert [row[-1] == "--" for row in found[1:]] == [False, False, True, True]
    table("t.csv", "other.csv", "--across", "policy", "-o", "both.csv")
    assert pd.read_csv("both.csv")["rr"].isna().tolist() == [False, False, True, True]


def test_any_table_of_the_command_line_can_be_printed():
    assert main(["policies", "-o", "p.csv"]) == 0
    table("p.csv", "-o", "p.tex")
    assert body("p.tex")[0][0] == "policy"


def test_a_whole_number_in_a_json_file_is_still_a_rate():
    Path("one.json").write_text('[{"policy": "lru", "fraction": 1, "hit_rate": 1}]')
    table("one.json", "-o", "one.tex")
    assert body("one.tex")[1] == ["LRU", "1.000", "1.000"]


def test_a_csv_holds_names_as_they_are():
    names = ["–", "a\rb", "c,\nd"]
    pd.DataFrame({"trace": names, "policy": "lru", "hit_rate": [0.5, None, 1.0]}).to_json("odd.json", orient="records")
    table("odd.json", "-o", "odd.csv")
    found = pd.read_csv("odd.csv")
    assert found["trace"].tolist() == names
    assert found["hit_rate"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--columns", "policy,hitrate"],
            "columns must be of the table, got 'hitrate'; did you mean 'hit_rate'? it has trace, policy",
        ),
        (["--columns", "policy,policy"], "columns must differ, got policy,policy"),
        (["--across", "polcy"], "columns must be of the table, got 'polcy'"),
        (["--across", "policy", "--columns", "policy,hit_rate"], "another one name the rows"),
        (["--across", "policy", "--columns", "fraction,trace"], "must hold numbers"),
        (["--digits", "-1"], "digits must be a whole number 0 … 15, got -1"),
    ],
)
def test_bad_choices_cost_one_line(arguments, message, capsys):
    assert main(["table", "t.csv", *arguments, "-o", "no.tex"]) == 2
    assert message in (said := capsys.readouterr().err)
    assert said.count("\n") == 1


def test_an_unknown_suffix_is_refused(capsys):
    assert main(["table", "t.csv", "-o", "t.docx"]) == 2
    assert "must be written to a file ending in .tex, .md, .csv; got 't.docx'" in capsys.readouterr().err
