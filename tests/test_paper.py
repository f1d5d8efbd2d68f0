"""The supplement as written: every number is a generated macro, every citation, figure and table exists, and what the
theorems claim holds on traces.

Figures are not drawn here: `make paper` does that. Where LaTeX is at hand the document is built around blank figures.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simcache
from simcache import Trace, simulate, synth, theory

ROOT = Path(__file__).parent.parent
PAPER = ROOT / "paper"
TEXT = PAPER / "supplement.tex"
CAPTIONS = sorted((PAPER / "captions").glob("*.tex"))
# What a number may stand in without being a result: names, and lengths on the page.
SKIPPED = re.compile(
    r"(?<!\\)%.*$"
    r"|\\(?:cite|ref|eqref|label|input|begin|end|figurefile|generatedtable|includegraphics|usepackage|documentclass"
    r"|setcounter|multicolumn|renewcommand|setlength|newtheorem|bibliographystyle|bibliography)"
    r"(?:\[[^\]]*\])?\{[^}]*\}(?:\{[\d.-]*\})?",
    re.MULTILINE,
)
NUMBER = re.compile(r"\d*\.\d+|\d+\s*\\?%|\\pm(?![a-z])|±|\d{2,}")
ALLOWED: set[str] = set()  # none so far
POLICIES = ("opt", "lru", "lfu", "fifo", "rr", "pin")
EVERY = [*((name, {}) for name in POLICIES), ("lfu", {"perfect": True}), ("opt", {"bypass": True})]


@pytest.fixture(scope="module")
def macros():
    """paper/macros.py, imported as it runs: beside its helpers."""
    sys.path.insert(0, str(PAPER))
    try:
        import macros

        yield macros
    finally:
        sys.path.remove(str(PAPER))


def prose():
    """Captions, and the document's body."""
    body = TEXT.read_text(encoding="utf-8").partition(r"\begin{document}")[2]
    return {TEXT.name: body, **{path.name: path.read_text(encoding="utf-8") for path in CAPTIONS}}


# ---------------------------------------------------------------- the text


def test_every_number_in_prose_is_a_macro():
    for name, text in prose().items():
        bad = NUMBER.findall(SKIPPED.sub(" ", text))
        assert set(bad) <= ALLOWED, f"{name}: write {bad} as macros of paper/macros.py"


@pytest.mark.parametrize("text", [r"hits 0.5 of", r"saves 34\% of", r"$3\pm1$", "1 ± 2", "$N=20$", ".25"])
def test_the_rule_catches_numbers(text):
    assert NUMBER.findall(SKIPPED.sub(" ", text))


def test_macros_used_are_those_defined(macros):
    text = "\n".join(re.sub(r"(?<!\\)%.*", "", each) for each in prose().values())
    used = set(re.findall(r"\\([A-Z][A-Za-z]+)", text)) - {"Gamma"}
    assert used - set(macros.NUMBERS) == set(), "not defined"
    assert set(macros.NUMBERS) - used == set(), "never used"


def test_macro_names_are_letters_and_their_sources_are_told(macros):
    for name, (_, number) in macros.NUMBERS.items():
        assert re.fullmatch("[A-Za-z]+", name)
        assert re.fullmatch(r"_(closed|measured|others)\.py: \S.*", macros.source(number)), name


def test_a_macro_swallows_no_space():
    for name, text in prose().items():
        assert re.findall(r"\\(?!Gamma)[A-Z][A-Za-z]+ (?!\\)", text) == [], f"{name}: end the macro with {{}}"


def test_citations_are_those_of_the_bibliography():
    keys = set(re.findall(r"@\w+\{(\w+),", (PAPER / "refs.bib").read_text(encoding="utf-8")))
    lists = [each for text in prose().values() for each in re.findall(r"\\cite\{([^}]*)\}", text)]
    cited = {key.strip() for each in lists for key in each.split(",")}
    assert cited == keys


def test_figures_tables_and_labels_exist(macros):
    text = prose()[TEXT.name]
    figures = re.findall(r"\\figurefile(?:\[\w+\])?\{(\w+)\}", text)
    assert sorted(figures) == [path.stem for path in CAPTIONS]
    scripts = {path.stem for path in (ROOT / "figures").glob("[!_]*.py")}
    assert set(figures) == scripts == {path.stem for path in (ROOT / "figures" / "data").glob("[!_]*.py")}
    tables = re.findall(r"\\generatedtable(?:\[[^\]]*\])?\{(\w+)\}", text)
    assert sorted(tables) == sorted(macros.TABLES)
    floats = [*(f"fig:{each}" for each in figures), *(f"tab:{each}" for each in tables)]
    labels = [*re.findall(r"\\label\{([^}]*)\}", text), *floats]
    referred = set(re.findall(r"\\(?:eq)?ref\{([^}]*)\}", "\n".join(prose().values())))
    assert referred <= set(labels)
    assert len(set(labels)) == len(labels)
    assert set(floats) <= referred, "a float that no text speaks of"


def test_the_makefile_knows_every_table(macros):
    listed = re.search(r"^TABLES := .*generated/,(.*)\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed
    assert sorted(listed[1].split()) == sorted(f"{name}.tex" for name in macros.TABLES)


def test_captions_say_what_was_run():
    for path in CAPTIONS:
        text = " ".join(path.read_text(encoding="utf-8").split())
        for word in ("items", "seed", "old miss", "OPT"):
            assert word in text, f"{path.name} does not mention {word!r}"


def test_closed_forms_are_written_as_they_are(macros):
    """A macro of closed forms can be made without any figure's data."""
    values = {name: write(number()) for name, (write, number) in macros.CLOSED.items()}
    assert (values["EpochLru"], values["UniformOpt"], values["LimitLeast"]) == ("0.153", "0.813", "0.655")
    assert (values["LimitMost"], values["ZipfItems"]) == (r"34.5\%", "1{,}000{,}000")
    assert (values["CheSteep"], values["TtlSteep"], values["SteepSize"]) == ("0.0691", "0.1316", "1")


def test_what_numbers_must_not_exceed_is_rounded_up(macros):
    """A difference of .00075 is not at most .0007."""
    import _data

    assert (_data.most(7.52e-5), _data.most(0), _data.most(0.0012), _data.most(0.00121)) == (
        "0.0001", "0", "0.0012", "0.0013",
    )  # fmt: skip
    assert (_data.rate_most(0.9005), _data.rate_most(0.36), _data.rate_least(0.7437)) == ("0.901", "0.360", "0.743")
    assert (_data.percent_most(0.34478), _data.percent_most(0.115)) == (r"34.5\%", r"11.5\%")
    assert (_data.thousandths(0.00301), _data.thousandths(0.003)) == ("3.1", "3.0")
    text = " ".join(" ".join(prose().values()).split())
    assert (_data.points_most(0.3001), _data.points_most(0)) == ("0.31", "0")
    upward = {
        _data.most, _data.rate_most, _data.percent_most, _data.points_most, _data.count, _data.given, _data.span,
    }  # fmt: skip
    bounds = re.findall(r"(?:at most|within|up to|up to exponent|differs? by|errs by)[ $]*\\([A-Z]\w+)", text)
    assert len(bounds) > 15
    for name in bounds:
        assert macros.NUMBERS[name][0] in upward, f"{name} may be rounded down"
    for name in re.findall(r"at least \\([A-Z]\w+)", text):
        assert macros.NUMBERS[name][0] is _data.rate_least, f"{name} may be rounded up"


def test_helpers_refuse_what_a_caption_could_not_say(macros):
    import _data

    assert _data.count(20_000) == "20{,}000"
    assert _data.span([3, 1, 2]) == "1 to 3"
    with pytest.raises(ValueError, match="must all be one, got"):
        _data.one([1, 2])
    with pytest.raises(ValueError, match="must be whole, got"):
        _data.count(0.5)
    grid = pd.DataFrame({"capacity": [200, 270, 18_000], "fraction": [0.01, 0.013498, 0.9]})
    assert _data.items(grid) == 20_000
    with pytest.raises(ValueError, match="as many items each"):
        _data.items(pd.DataFrame({"capacity": [10, 500], "fraction": [0.1, 0.5]}))
    assert _data.constant("_grid", "N_ITEMS") > 0
    with pytest.raises(ValueError, match="must set NO_SUCH"):
        _data.constant("_grid", "NO_SUCH")


def test_the_law_of_a_published_generator(monkeypatch):
    """YCSB's approximation of Zipf, by its own rule for u: its first two items are Zipf's, its third is not."""
    monkeypatch.syspath_prepend(str(ROOT / "figures" / "data"))
    import _published

    n, alpha = 500, 0.99
    law, zipf = _published.ycsb(n, alpha), _published.zipf(n, alpha)
    eta = (1 - (2 / n) ** (1 - alpha)) / (1 - zipf[0] - zipf[1])
    u = (np.arange(400_000) + 0.5) / 400_000
    drawn = np.floor(n * (eta * u - eta + 1) ** (1 / (1 - alpha))).astype(int)
    drawn = np.where(u < zipf[0], 0, np.where(u < zipf[0] + zipf[1], 1, drawn))
    np.testing.assert_allclose(np.bincount(drawn, minlength=n) / u.size, law, atol=1e-5)
    assert law[2] > 1.15 * zipf[2]


# ---------------------------------------------------------------- the claims


def distinct(ids):
    return np.unique(ids).size


def small_traces():
    rng = np.random.default_rng(0)
    for k in range(40):
        n_items = int(rng.integers(1, 9))
        yield Trace(rng.integers(0, n_items, int(rng.integers(1, 40))).astype(np.int32), n_items, f"small-{k}")


def test_min_max_by_every_cut():
    """Theorem 0: OPT's misses are the best cut, by dynamic programming over all of them; no policy has fewer."""
    for trace in small_traces():
        ids, n = np.asarray(trace.ids), len(trace)
        for c in range(1, trace.n_items + 1):
            best = [distinct(ids[:end]) for end in range(n + 1)]
            for end in range(1, n + 1):
                best[end] = max([best[end], *(best[start] + distinct(ids[start:end]) - c for start in range(1, end))])
            assert n - simulate(trace, "opt", c, bypass=True).sum() == best[n]
            for name in POLICIES:
                assert n - simulate(trace, name, c).sum() >= best[n]


def test_concave_and_the_two_admissions_are_close():
    for trace in (*small_traces(), synth.zipf(60, 3000, 0.8, seed=1), synth.shuffled(40, 6, seed=2)):
        sizes = range(1, trace.n_items + 1)
        free = np.array([0, *(simulate(trace, "opt", c, bypass=True).sum() for c in sizes)])
        forced = np.array([simulate(trace, "opt", c).sum() for c in sizes])
        assert (np.diff(free, 2) <= 0).all()
        assert (free[:-1] <= forced).all()
        assert (forced <= free[1:]).all()
        assert (forced >= (1 - 1 / np.arange(1, trace.n_items + 1)) * free[1:] - 1e-9).all()


@pytest.mark.parametrize(
    "trace",
    [
        synth.shuffled(200, 6, seed=3),
        synth.loop(200, 1200),
        synth.shuffle_buffer(200, 6, 30, drain=True, seed=4),
    ],
    ids=lambda trace: trace.name,
)
def test_epochs(trace):
    """Theorem 1: at most C hits in an epoch; pin has C, OPT with bypass as many, from the second epoch on."""
    for c in (1, 17, 100, 199, 200):
        for name, parameters in EVERY:
            hits = simulate(trace, name, c, seed=1, **parameters).reshape(6, 200).sum(axis=1)
            assert hits[0] == 0
            assert hits.max() <= c, name
            if name == "pin":
                assert (hits[1:] == c).all()
            if parameters == {"bypass": True}:
                assert hits.sum() == 5 * c


def test_epochs_do_not_cover_what_the_text_excludes():
    """Buffers that run on, private parts, and replacement: OPT beats pinning, so the conditions are needed."""
    flowing = synth.shuffle_buffer(200, 6, 150, drain=False, seed=4)
    part = Trace(synth.shuffled(200, 24, seed=3).ids[::4], 200, "part")
    for trace in (flowing, part, synth.uniform(200, 1200, seed=5)):
        assert simulate(trace, "opt", 100, bypass=True).sum() > simulate(trace, "pin", 100).sum() + 20


def test_stationary_bound_on_finite_traces():
    """Theorem 7 for finite traces, every window and size; and that its factor n - w + 1 is needed."""
    for trace in (*small_traces(), synth.zipf(40, 800, 1.0, seed=1), synth.shuffled(40, 6, seed=2)):
        n, d = len(trace), theory.working_set(trace)
        w = np.arange(1, n + 1)
        for c in range(1, trace.n_items + 1):
            misses = n - simulate(trace, "opt", c, bypass=True).sum()
            assert misses >= ((n - w + 1) * (d[1:] - c) / w).max() - 1e-9
    trace = Trace.of(list("aaabcdeaaa"))
    d = theory.working_set(trace)[1:]
    assert (len(trace) * (d - 1) / np.arange(1, 11)).max() > 10 - simulate(trace, "opt", 1, bypass=True).sum()


def test_tangent_is_the_budget_of_reuses():
    """Equations 2 and 1: the tangent from (0, C) to D has the slope of the misses that the budget of reuses leaves."""
    p = np.arange(1, 301) ** -1.0
    p /= p.sum()
    w = np.arange(4_000)
    d = np.array([np.sum(-np.expm1(x * np.log1p(-p))) for x in w])
    for c in (10, 60, 150):
        assert 1 - ((d[1:] - c) / w[1:]).max() == pytest.approx(float(theory.opt_irm(p, c)), abs=0.01)


def test_zipf_limit():
    """Theorem 4 above 1: the fluid law's ratio tends to Γ(2 - 1/α)^α, and its limits are those the text names."""
    p = np.arange(1, 1_000_001.0) ** -2
    ratios = [(1 - theory.opt_irm(p, c)) / (1 - theory.lfu_irm(p, c)) for c in (10, 100, 1000)]
    limit = float(theory.opt_zipf_limit(2.0))
    gaps = np.abs(np.array(ratios, float) - limit)
    assert limit == pytest.approx(np.pi / 4)
    assert gaps[1] < gaps[0]
    assert gaps[1:].max() < 0.01
    assert float(theory.opt_zipf_limit(np.inf)) == pytest.approx(np.exp(np.euler_gamma - 1))
    alpha = np.array([1.1, 1.5, 2, 3])
    np.testing.assert_allclose(
        theory.opt_zipf_limit(alpha) / theory.lru_zipf_limit(alpha), (1 - 1 / alpha) ** (alpha - 1)
    )


def test_uniform_and_private_caches():
    """Theorems 2 and 6: simulation stays below the bounds and near them; R times pinning while c <= 1/R²."""
    n_items, epochs, ranks = 4_000, 40, 4
    drawn = synth.uniform(n_items, 12 * n_items, seed=1)
    part = Trace(synth.shuffled(n_items, epochs, seed=2).ids[::ranks], n_items, "part")
    for c in (0.05, 0.25, 0.5):
        size = round(c * n_items)
        bounds = (theory.opt_irm(np.ones(n_items), size), theory.opt_shuffled(c, ranks=ranks))
        for trace, bound in zip((drawn, part), bounds, strict=True):
            hits = simulate(trace, "opt", size, bypass=True)
            assert hits.mean() <= bound + 0.005
            warm = hits[len(hits) // 3 : -len(hits) // 6].mean()  # neither empty at first nor with nothing left to keep
            assert warm == pytest.approx(float(bound), abs=0.03)
    assert float(theory.opt_shuffled(1 / ranks**2, ranks=ranks)) == pytest.approx(1 / ranks)


def test_repeats():
    """a + (1 - a) h for LRU, FIFO and forced OPT, up to noise; LFU is not among them."""
    base = synth.zipf(300, 60_000, 0.8, seed=1)
    again = synth.repeat(base, 0.5, seed=2)
    for name in ("lru", "fifo", "opt"):
        expected = theory.repeat_identity(simulate(base, name, 60).mean(), 0.5)
        assert simulate(again, name, 60).mean() == pytest.approx(float(expected), abs=0.01), name


@pytest.mark.parametrize(("ranks", "share"), [(4, 0.25), (4, 0.6), (8, 0.2)])
def test_private_caches_are_reached(ranks, share):
    """Theorem 6: the bound is not a bound only; and its proof's rule never overfills but for rare moments."""
    n_items, epochs = 6_000, 10 * ranks
    ids = synth.shuffled(n_items, epochs * ranks, seed=3).ids[::ranks]
    own, size = n_items // ranks, round(share * n_items)
    hits = simulate(Trace(ids, n_items), "opt", size, bypass=True).reshape(-1, own)
    bound = float(theory.opt_shuffled(share, ranks=ranks))
    assert hits[len(hits) // 4 : -len(hits) // 4].mean() == pytest.approx(bound, abs=6e-3)
    # what the rule keeps, at each access: intervals over at most G epochs, of the longest a part
    gap = np.arange(1, epochs * ranks)
    mass = (1 / ranks) * (1 - 1 / ranks) ** (gap - 1)
    room = np.clip((share * ranks - np.append(0, np.cumsum(gap * mass)[:-1])) / (gap * mass), 0, 1)
    rng, last, change = np.random.default_rng(4), {}, np.zeros(ids.size + 1)
    for t, i in enumerate(ids.tolist()):
        if i in last and rng.random() < 0.9 * room[t // own - last[i] // own - 1]:
            change[last[i]] += 1
            change[t] -= 1
        last[i] = t
    held = np.cumsum(change)[len(ids) // 4 : -len(ids) // 4]
    assert held.mean() == pytest.approx(0.9 * size, rel=0.02)
    assert (held > size).mean() < 0.01


def test_lru_on_epochs_is_exact_in_expectation_only():
    runs = np.array([simulate(synth.shuffled(30, 40, seed=k), "lru", 15)[30:].mean() for k in range(300)])
    exact = float(theory.lru_shuffled_exact(30, 15))
    assert abs(runs.mean() - exact) < 5 * runs.std() / 300**0.5
    assert runs.std() > 0.005


def test_forced_opt_and_pin_differ_at_some_sizes():
    """0 at the sizes drawn is not 0 at any size."""
    for n, epochs, size, opt, pin in ((10_000, 10, 1, 0, 9), (1000, 300, 20, 5700, 5980)):
        trace = synth.loop(n, n * epochs)
        assert (simulate(trace, "opt", size).sum(), simulate(trace, "pin", size).sum()) == (opt, pin)


def test_uniform_draws_from_an_empty_cache():
    """OPT's misses as the text has them, by equal windows."""
    m = np.arange(1, 500)[:, None]
    for c in (0.01, 0.3, 1):
        epochs = np.array([0.2, 1, 10, 40])
        misses = (m * -np.expm1(-epochs / m) - (m - 1) * c).max(0)
        np.testing.assert_allclose(theory.opt_horizon(c, epochs), 1 - misses / epochs, atol=1e-12)


def clock(loads, step, workers, prefetch):
    """Equation 4: when the last batch has been consumed."""
    loaded, consumed = [], []
    for j, load in enumerate(loads):
        before = max(
            loaded[j - workers] if j >= workers else 0.0,
            consumed[j - workers * prefetch] if j >= workers * prefetch else 0.0,
        )
        loaded.append(before + load)
        consumed.append(max(loaded[j], consumed[-1] + step if consumed else 0.0))
    return consumed[-1] + step


def test_time_saved_is_at_most_the_share_of_hits():
    """By convexity: the mean over who hits is at least the time of the mean loads, and that at least 1 - h of all."""
    rng = np.random.default_rng(5)
    for workers, prefetch, step in ((1, 1, 0.3), (4, 2, 0.25), (4, 2, 2.0), (16, 2, 0.01)):
        loads, h = rng.exponential(size=120), 0.26
        whole = clock(loads, step, workers, prefetch)
        times = [clock(loads * (rng.random(120) >= h), step, workers, prefetch) for _ in range(300)]
        spread = 4 * np.std(times) / 300**0.5
        assert clock((1 - h) * loads, step, workers, prefetch) <= np.mean(times) + spread
        assert (1 - h) * whole <= clock((1 - h) * loads, step, workers, prefetch) + 1e-9
        assert max(times) <= whole + 1e-9


# ---------------------------------------------------------------- the document


def out(*command, cwd=None):
    """What a command prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def document(macros, tmp_path_factory):
    """The PDF, with blank figures, and with stand-ins for numbers and tables that need figures' data."""
    missing = [name for name in ("latexmk", "pdflatex", "pdffonts", "pdfinfo", "pdftotext") if not shutil.which(name)]
    if missing:
        pytest.skip(f"the document is built where LaTeX and poppler-utils are: no {', '.join(missing)} here")
    import matplotlib.pyplot as plt

    root = tmp_path_factory.mktemp("document")
    shutil.copytree(PAPER, root / "paper", ignore=shutil.ignore_patterns("build", "generated", "*.pdf", "__pycache__"))
    (root / "paper" / "generated").mkdir()
    (root / "figures").mkdir()
    for path in CAPTIONS:
        drawn = ROOT / "figures" / f"{path.stem}.pdf"
        if drawn.exists():
            shutil.copy(drawn, root / "figures")
        else:
            figure = plt.figure(figsize=(7, 4))
            figure.savefig(root / "figures" / drawn.name)
            plt.close(figure)
    lines = [
        rf"\newcommand{{\{name}}}{{{write(number()) if name in macros.CLOSED else '0.123'}}}"
        for name, (write, number) in macros.NUMBERS.items()
    ]
    (root / "paper" / "generated" / "numbers.tex").write_text("\n".join(lines))
    for name in macros.TABLES:
        body = r"a & b \\ " * 6
        (root / "paper" / "generated" / f"{name}.tex").write_text(rf"\begin{{tabular}}{{ll}}{body}\end{{tabular}}")
    said = out("latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "supplement.tex", cwd=root / "paper")
    return root / "paper" / "supplement.pdf", said


def test_the_document_holds_no_bitmap_fonts(document):
    pdf, said = document
    fonts = out("pdffonts", str(pdf))
    assert "Type 1" in fonts
    assert "Type 3" not in fonts
    assert "mktexpk" not in said


def test_the_document_says_what_it_is(document):
    told = out("pdfinfo", str(document[0]))
    assert re.search(r"^Title: +When knowing the future does not help a cache", told, re.MULTILINE)
    assert re.search(r"^Author: +The simcache developers$", told, re.MULTILINE)
    assert re.search(rf"^Subject: .*version {re.escape(simcache.__version__)}$", told, re.MULTILINE)
    assert f"Version {simcache.__version__}" in out("pdftotext", "-l", "1", str(document[0]), "-")


def height(pdf, page):
    """How high the words of a page stand, the median."""
    words = out("pdftotext", "-bbox", "-f", str(page), "-l", str(page), str(pdf), "-")
    found = re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">[A-Za-z]{4,}<', words)
    return float(np.median([float(low) - float(high) for high, low in found]))


def test_the_derivation_is_one_page(document):
    """The section begins at the top of one page and ends on it, nothing else is there, and it is set in 9 points."""
    pages = out("pdftotext", str(document[0]), "-").split("\f")[:-1]
    number = next(k for k, page in enumerate(pages) if "Derivation" in page[:60])
    page = " ".join(pages[number].split())
    for name in ("min–max", "epochs: nothing", "at most 1/e", "each exponent", "lookahead", "ranks"):
        assert f"({name})" in page
        assert not any(f"({name})" in " ".join(other.split()) for k, other in enumerate(pages) if k != number), name
    assert "That this fits: Section" in page
    assert "Behind the page" in pages[number + 1][:60]  # the next section begins the next page
    assert height(document[0], number + 1) >= 0.89 * height(document[0], 1)  # 9 points beside the body's 10


def test_no_page_is_half_white(document):
    """The lowest words of each page but the last stand in its last third; the page's number does not count."""
    pages = out("pdftotext", "-bbox", str(document[0]), "-").split("<page ")[1:]
    for number, page in enumerate(pages[:-1], 1):
        height = float(re.search(r'height="([\d.]+)"', page)[1])
        lows = [float(low) for low, word in re.findall(r'yMax="([\d.]+)">([^<]*)<', page) if word != str(number)]
        assert max(lows) > 0.67 * height, f"page {number}"
