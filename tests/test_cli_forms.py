"""What standard output looks like by --format, and options for every keyword of the functions behind the commands."""

import inspect
import io
import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from pandas.testing import assert_frame_equal

import simcache
from simcache import Trace, hit_curve, printing, sweep, synth
from simcache.cli import app, main
from simcache.cli.input import read_table
from simcache.cli.options import policy
from simcache.curves import hit_curve as curve_function
from simcache.sweeps import sweep as sweep_function
from simcache.verdict import explain as explain_function

GRID = 'policies = ["lru", "rr"]\ncapacities = [5]\nseeds = [7]\n[[traces]]\nfile = "z.npz"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    synth.zipf(50, 900, 1.0).save("z.npz")
    Path("grid.toml").write_text(GRID)
    return tmp_path


@pytest.fixture
def run(capsys):
    def go(line, code=0):
        capsys.readouterr()
        assert main(line.split()) == code
        out, err = capsys.readouterr()
        assert (err if code == 0 else out) == ""
        return out if code == 0 else err

    return go


def pipes(text):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return rows[0], [row for row in rows[1:] if not row[0].startswith(":-")]


# ---------------------------------------------------------------- --format

PRINTING = [
    "policies",
    "simulate z.npz lru rr --capacity 5",
    "curve z.npz lru --capacities 1,5",
    "sweep grid.toml",
    "theory loop rr --fractions .5",
    "theory zipf lru --n-items 9 --alpha 1",
]


@pytest.mark.parametrize("line", PRINTING)
def test_one_table_in_every_form(line, run):
    table = pd.read_csv(io.StringIO(run(line)), keep_default_na=False)
    assert run(f"{line} --format csv") == run(line)
    rows = json.loads(run(f"{line} --format json"))
    run(f"{line} -o t.json")
    assert rows == json.loads(Path("t.json").read_text())
    assert len(rows) == len(table)
    head, body = pipes(run(f"{line} --format md"))
    assert [name.replace("\\", "") for name in head] == list(table.columns)
    assert len(body) == len(table)


def test_every_command_that_writes_a_table_has_a_form_for_standard_output():
    commands = typer.main.get_command(app).commands
    every = [*commands.values(), *commands["theory"].commands.values()]
    named = {each.name: {param.name: param.opts for param in each.params} for each in every}
    tables = {name for name, params in named.items() if ".parquet" in str(help_of(commands, name))}
    assert {"policies", "check-policy", "info", "simulate", "curve", "sweep", "results", "shuffled"} <= tables
    assert all(params["printed"] in (["--format"], ["--to"]) for name, params in named.items() if name in tables)


def help_of(commands, name):
    """What the option --output of a command says, if it has one."""
    command = commands.get(name) or commands["theory"].commands[name]
    return next((param.help for param in command.params if param.name == "output"), None)


def test_info_says_its_facts_in_every_form(run):
    rows = json.loads(run("info z.npz --to json"))
    assert [row["fact"] for row in rows][:2] == ["name", "accesses"]
    assert len(pipes(run("info z.npz --to md"))[1]) == len(rows)


ODD = ["a\rb", "a\r\nb", "c,\nd", 'q"q', "\x9b31m", "\x7f\u202e", "–", "NA", "1e5", "007", "=1+1", "#", "[red]x[/]"]


@pytest.fixture
def odd(folder):
    """A line that simulates traces of odd names."""
    for k, name in enumerate(ODD):
        Trace([0, 1, 0], 2, name, source={"made_by": name}).save(f"{k}.npz")
    return f"curve {' '.join(f'{k}.npz' for k in range(len(ODD)))} lru --capacities 1"


def test_odd_names_stay_whole_in_every_form(odd, run):
    expected = json.loads(run(f"{odd} --format json"))
    assert [row["trace"] for row in expected] == ODD
    text = run(odd)
    run(f"{odd} -o odd.csv")
    assert Path("odd.csv").read_bytes() == text.encode()
    table = pd.read_csv(io.StringIO(text, newline=""), keep_default_na=False, dtype=str)
    assert table["trace"].tolist() == table["made_by"].tolist() == ODD
    assert read_table(Path("odd.csv"))["trace"].tolist() == ODD
    assert len(pipes(run(f"{odd} --format md"))[1]) == len(ODD)


@pytest.mark.parametrize("form", ["csv", "json", "md"])
def test_a_terminal_gets_nothing_that_it_would_obey(form, odd, run, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    text = run(f"{odd} --format {form}")
    assert all(each.isprintable() for each in text.split("\n"))
    if form == "json":
        assert [row["trace"] for row in json.loads(text)] == ODD
    why = run(f"explain 4.npz --batch-size 1 --capacity 1 --format {form.replace('csv', 'html')}")
    assert all(each.isprintable() for each in why.split("\n"))


def test_markdown_has_numbers_as_on_a_terminal_and_any_text_safe(run):
    Trace([0, 1, 0], 2, "a|b *c*").save("odd.npz")
    head, (row,) = pipes(run("simulate odd.npz lru --capacity 2 --format md").replace(r"\|", "!"))
    cells = dict(zip(head, row, strict=True))
    assert (cells["trace"], cells[r"hit\_rate"], cells["hits"]) == (r"a!b \*c\*", "0.3333", "1")


def test_an_explanation_in_every_form(run):
    line = "explain --n-items 50 --epochs 3 --batch-size 5 --capacity 20"
    for form, suffix in (("json", ".json"), ("md", ".md"), ("html", ".html")):
        run(f"{line} -o why{suffix}")
        assert run(f"{line} --format {form}") == Path(f"why{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("order", ["-o t.csv --format json", "--format json -o t.csv"])
def test_a_form_and_a_file_are_refused_before_any_work(order, run, monkeypatch):
    monkeypatch.setattr("simcache.simulation.choose", None)
    err = run(f"simulate z.npz lru --capacity 5 {order}", code=2)
    assert "a form for standard output must be left out with -o FILE, whose suffix says its own; got json" in err
    assert not Path("t.csv").exists()


@pytest.mark.parametrize(("module", "suffix"), [("jinja2", ".tex"), ("tabulate", ".md")])
def test_a_printer_that_is_not_installed_costs_one_line(module, suffix, run, monkeypatch):
    run("simulate z.npz lru --capacity 5 -o t.csv")
    monkeypatch.setitem(__import__("sys").modules, module, None)
    err = run(f"table t.csv -o t{suffix}", code=2)
    assert (
        err
        == f"error: a {'LaTeX' if suffix == '.tex' else 'markdown'} table needs {module}: pip install 'simcache[io]'\n"
    )
    assert "OPT" in run("explain --n-items 50 --epochs 3 --batch-size 5 --capacity 20")  # needs neither


def test_cells_come_out_as_they_went_in():
    odd = pd.DataFrame([["a b", "1"], ["–", "  "]], columns=["x", "x"])
    assert printing.latex(odd, "@{}lr@{}").splitlines() == [
        r"\begin{tabular}{@{}lr@{}}", r"\toprule", r"x & x \\", r"\midrule", r"a b & 1 \\", r"– &    \\",
        r"\bottomrule", r"\end{tabular}",
    ]  # fmt: skip
    assert pipes(printing.markdown(odd, "lr")) == (["x", "x"], [["a b", "1"], ["–", ""]])
    assert printing.sides(pd.DataFrame({"a": [1], "b": ["x"], "c": [0.5], "d": [True]})) == "rlrl"


# ---------------------------------------------------------------- options for every keyword

INSTEAD = {"client": "dask", "costs": "t_step"}  # what says it on the command line
FROM_FILE = {"traces", "policies"}
SHAPE = {"trace", "loader"}  # an order and a shape, told by many options


@pytest.mark.parametrize(
    ("command", "function", "positional"),
    [
        ("curve", curve_function, {"trace", "policy"}),
        ("sweep", sweep_function, FROM_FILE),
        ("explain", explain_function, SHAPE),
    ],
)
def test_every_keyword_has_an_option(command, function, positional):
    options = {param.name for param in typer.main.get_command(app).commands[command].params}
    keywords = {
        name for name, it in inspect.signature(function).parameters.items() if it.kind is not it.VAR_KEYWORD
    } - positional
    assert {INSTEAD.get(name, name) for name in keywords} <= options
    assert function is getattr(simcache, function.__name__)


def test_a_sample_and_its_repeats(run):
    run("curve z.npz lru lfu --capacities 5,20 --sample .5 --repeats 3 --seed 4 -o t.json")
    given = {"sample": 0.5, "repeats": 3, "seed": 4}
    expected = [hit_curve(Trace.load("z.npz"), name, [5, 20], **given) for name in ("lru", "lfu")]
    assert_frame_equal(read_table(Path("t.json")), pd.concat(expected, ignore_index=True))
    run("curve z.npz lru --capacities 5,20 --sample .5 --seeds 4,5 -o t.json")  # another seed is another sample
    expected = [hit_curve(Trace.load("z.npz"), "lru", [5, 20], sample=0.5, seed=seed) for seed in (4, 5)]
    assert_frame_equal(read_table(Path("t.json")), pd.concat(expected, ignore_index=True))
    assert "a sample must be taken at --capacities" in run("curve z.npz lru --fractions .1 --sample .5", code=2)
    assert "sample must be a share of the items in (0, 1), got 2.0" in run("curve z.npz lru --sample 2", code=2)
    assert "repeats must be 1 without a sample, got 2" in run("curve z.npz lru --repeats 2", code=2)


@pytest.mark.parametrize("sizes", ["--capacity 5", "--fraction .1"])
def test_several_seeds_of_what_draws(sizes, run):
    run(f"simulate z.npz lru rr {sizes} --seeds 3,1 -o t.json")
    expected = sweep([Trace.load("z.npz")], ["lru", "rr"], [0.1], seeds=(3, 1))
    assert_frame_equal(read_table(Path("t.json")), expected)
    assert "at most one of --seed and --seeds" in run(f"simulate z.npz rr {sizes} --seed 1 --seeds 1,2", code=2)
    assert "seeds must differ, got 1,1" in run(f"simulate z.npz rr {sizes} --seeds 1,1", code=2)
    assert "seeds must be whole numbers" in run(f"simulate z.npz rr {sizes} --seeds 1,x", code=2)


def test_options_stand_in_place_of_a_grid_s_own(run, capsys):
    def swept(**given):
        asked = {"capacities": [5], "seeds": [7], **given}
        return sweep([Trace.load("z.npz")], ["lru", "rr"], **{k: v for k, v in asked.items() if v is not None})

    for options, given in (
        ("", {}),
        ("--fractions .1,.5 --seeds 1,2", {"capacities": None, "fractions": [0.1, 0.5], "seeds": [1, 2]}),
        ("--capacities 3,9 --warmup 100 --no-progress", {"capacities": [3, 9], "warmup": 100}),
    ):
        run(f"sweep grid.toml {options} -o t.json")
        assert_frame_equal(read_table(Path("t.json")), swept(**given))
    assert "4 cells asked for" in run("sweep grid.toml --seeds 1,2,3 --dry-run")
    assert "at most one of --fractions and --capacities" in run("sweep grid.toml --fractions .1 --capacities 2", code=2)
    assert main("sweep grid.toml --unit bytes".split()) == 1
    assert "all of 2 cells failed, the first of ValueError: bytes need the size of each item" in capsys.readouterr().err
    assert "grid.toml: fractions: " in run("sweep grid.toml --fractions 2", code=2)


def test_a_tuple_is_one_value():
    assert policy("x:a=(1, 2),b=3,c=[4,5]") == ("x", {"a": (1, 2), "b": 3, "c": [4, 5]})
    assert policy("x:a=(,b=1") == ("x", {"a": "(", "b": 1})
