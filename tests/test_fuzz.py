"""Random legal and nearly legal arguments to every public function: a result, a TypeError or a ValueError, no more.

FUZZ_CALLS=20000 asks for more calls than a run of all tests can afford; FUZZ_SEED for others.
"""

import faulthandler
import inspect
import os
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import simcache
from simcache import Trace, loader, order, policies, sampler, synth, theory

CALLS = int(os.environ.get("FUZZ_CALLS", "8000"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
PARTS = 20  # tests, so that a failure names few calls
PATIENCE = 300  # seconds a part may take before all stop, with a traceback: a call hangs


class Raises:
    """An object whose every conversion fails in a way of its own."""

    def __index__(self):
        raise ValueError("no index")

    def __float__(self):
        raise TypeError("no float")

    def __len__(self):
        raise TypeError("no length")


class Endless:
    """Items for ever."""

    def __iter__(self):
        while True:
            yield 0


CHAIN = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]])
# What no function, or not every one, can take. Nothing that is legal somewhere and fills the memory.
NASTY = (
    *(None, True, False, np.bool_(True), "", "1", "lru", b"1", 1j, Raises(), object(), Ellipsis, int, len),
    *(-1, 0, 2.0, 0.5, 1.5, -0.0, np.nan, np.inf, -np.inf, 1e300, 5e-324, 2**63, 2**64 - 1, 2**64, -(2**63), 10**400),
    *(np.int8(-1), np.uint64(2**64 - 1), np.float32(0.3), np.float16(np.nan), np.datetime64("2020"), Decimal("0.5")),
    *(Fraction(1, 3), [], (), {}, set(), [None], [[1], [1, 2]], ["a"], [np.nan], [2**70], [1, -1], [True], {"a": 1}),
    *(np.array([]), np.array(3), np.array([1, 2], ">i4"), np.array(["a"]), np.array([None])),
    *(np.zeros((2, 2, 2)), np.eye(2)),
    *(np.ma.masked_array([1, 2], [True, False]), pd.Series([1, 2]), pd.DataFrame({"a": [1]})),
    *(pd.Index([1]), pd.NA, pd.NaT),
    *(sparse.csr_array(CHAIN), range(3), iter([1, 2]), Trace([], 1), Trace([0, 1, 0], 2), ("opt", {"bypass": 2})),
)  # fmt: skip


def _traces(rng):
    n = int(rng.integers(1, 12))
    ids = rng.integers(0, n, int(rng.integers(0, 80)))
    return [
        Trace(ids, n),
        Trace(ids, 2**31 - 1, "sparse"),
        Trace(ids, n, "epochs", tuple(sorted({0, ids.size // 2, ids.size}))),
        synth.shuffled(n, int(rng.integers(1, 5)), seed=n),
        synth.zipf(n, 60, float(rng.random() * 2), seed=n),
        Trace(ids, n, "sized", sizes=2 ** rng.integers(0, 63, n)),
    ][int(rng.integers(6))]


def _chain(rng):
    n = int(rng.integers(1, 5))
    chain = rng.random((n, n)) ** float(rng.choice([1, 8, 60]))
    chain[np.arange(n), (np.arange(n) + 1) % n] += float(rng.choice([1, 1e-3, 1e-12]))
    chain[rng.random((n, n)) < 0.3] = 0
    sums = chain.sum(1, keepdims=True)
    chain = np.divide(chain, sums, out=np.eye(n), where=sums > 0)
    return [chain, chain.astype(np.float32), sparse.csr_array(chain), chain.tolist()][int(rng.integers(4))]


def _weights(rng):
    n = int(rng.integers(1, 9))
    return [
        rng.random(n),
        rng.random(n) ** 50,
        10.0 ** rng.integers(-323, 300, n),
        np.r_[1.0, np.full(n, 5e-324)],
        rng.integers(0, 3, n),
        rng.random(n).astype(np.float32),
        rng.random(n).tolist(),
    ][int(rng.integers(7))]


def _loader(rng):
    workers = int(rng.integers(0, 4))
    return loader.Loader(
        int(rng.integers(1, 9)),
        workers,
        int(rng.integers(1, 4)),
        drop_last=bool(rng.integers(2)),
        persistent_workers=bool(workers and rng.integers(2)),
        prefetch_factor=int(rng.integers(1, 4)),
    )


def _one_of(*values):
    return lambda rng: values[int(rng.integers(len(values)))]


def _whole(low, high):
    return lambda rng: [int, np.int64, np.uint8][int(rng.integers(3))](int(rng.integers(low, high)))


def _or_array(draw):
    def some(rng):
        return draw(rng) if rng.integers(3) else [draw(rng) for _ in range(int(rng.integers(4)))]

    return some


def _share(rng):
    tiny, nearly_one = 10.0 ** -rng.integers(0, 320), 1 - 2.0 ** -rng.integers(1, 54)
    return float([rng.random(), tiny, 1, nearly_one][int(rng.integers(4))])


POLICIES = _one_of(
    *(*policies.names(), ("opt", {"bypass": True}), ("opt", {"window": 9, "every": 4}), ("lfu", {"perfect": True})),
    policies.load("lru"),
)
SIZES = _one_of(1, 2, 3, 7, 50, 2**31, 2**63, 2**64, np.uint64(2**64 - 1), np.int32(4))
SEEDS = _one_of(0, 1, 2**64 - 1, np.uint64(2**63))
LEGAL = {
    "trace": _traces,
    "loader": _loader,
    "policy": POLICIES,
    "shared": _one_of("worker", "rank", "node"),
    "costs": _one_of(
        None, loader.Costs(0.0, 1.0, 0.5, 2.0), loader.Costs(1e-300, 1e300, 0.0, 1e-300), loader.Costs(0, 1, 0, 0)
    ),
    "traces": lambda rng: [_traces(rng)],
    "policies": lambda rng: [POLICIES(rng)],
    "fractions": lambda rng: [_share(rng) for _ in range(int(rng.integers(1, 4)))],
    "capacities": lambda rng: [None, [SIZES(rng)], np.array([1, 2**64 - 1], np.uint64), range(1, 4)][
        int(rng.integers(4))
    ],
    "seeds": lambda rng: [SEEDS(rng)],
    "seed": SEEDS,
    "warmup": _one_of(None, 0, 3, 2**40),
    "sample": _one_of(None, None, 0.01, 0.3, 0.99),
    "repeats": _one_of(1, 1, 2),
    "progress": _one_of(None, False),
    "store": _one_of(None, "store"),
    "client": _one_of(None),
    "capacity": SIZES,
    "n_items": _whole(1, 20),
    "n_accesses": _whole(0, 60),
    "matrix": _chain,
    "weights": _weights,
    "fraction": _or_array(_share),
    "returns": _one_of(0, 0.5, 1 - 2**-53, [0.5]),
    "epochs": _whole(1, 4),
    "epoch": _or_array(_whole(1, 9)),
    "ranks": _or_array(_one_of(1, 2, 1.5, 64, 1e300, np.inf)),
    "buffer": _whole(1, 9),
    "epochs_ahead": _or_array(_one_of(0, 5e-324, 0.003, 1, 2, 64, 1e300, np.inf)),
    "window": _or_array(_one_of(0, 1, 9, 2**31, 2**63 - 1, np.uint64(2**64 - 1))),
    "jump": _one_of(0, 1, 0.5, 1e-300),
    "q": _or_array(_one_of(1, 0.5, 1e-3, 2**-31)),
    "probability": _one_of(0, 1, 0.5, 1e-300),
    "hit_rate": _or_array(_share),
    "alpha": _or_array(_one_of(0, 0.5, 1, 1.1, 2, 1e9, np.inf, 1 + 2**-52)),
    "median": _one_of(1, 1.5, 4096, 2**63 - 1, np.float32(7)),
    "sigma": _one_of(0, 5e-324, 1, 3.5, 1e308),
    "optimal_capacity": SIZES,
    "num_samples": _one_of(None, 1, 5, 17),
    "num_replicas": _whole(1, 5),
    "rank": _one_of(None, 0, 1),
    "indices": lambda rng: rng.integers(0, 9, int(rng.integers(0, 9))),
    "sampler": _one_of([0, 1, 2], range(4), (2, 0)),
    "length": _one_of(None, 1, 5),
    "name": _one_of(None, "a"),
    "bypass": _one_of(True, False),
    "keys": _one_of(["a", "b", "a"], np.array([3, 3, 2**63], np.uint64), pd.Series([1.5, 2]), []),
    "ids": _one_of([0, 1, 0], np.zeros(0, np.int8), np.array([0, 1], ">u2")),
    "source": _one_of(None, {"a": 1}, {"b": "x", "c": 0.5}),
    **{
        flag: _one_of(True, False) for flag in ("directed", "drain", "replacement", "generator", "shuffle", "drop_last")
    },
    **{flag: _one_of(True, False) for flag in ("set_epoch", "persistent_workers", "in_order")},
}
ELSEWHERE = {  # names that mean something else for some functions
    **{
        (f"theory.{form}", "epochs"): _or_array(_one_of(0.1, 1, 7, 1e9))
        for form in dir(theory)
        if form.endswith("_horizon")
    },
    **{(f"theory.{form}", "buffer"): _or_array(_share) for form in ("lru_buffer", "opt_buffer")},
    **{
        (f"theory.{form}", "capacity"): _or_array(SIZES)
        for form in dir(theory)
        if form.endswith(("_irm", "_exact", "_markov", "_bounds", "_clusters"))
    },
    ("order.random", "loader"): _one_of(None, "fresh"),
    ("order.subset", "loader"): _one_of(None, "persistent"),
    ("order.weighted", "loader"): _one_of(None, "fresh"),
    ("Trace", "name"): _one_of("trace", "é"),
    ("Trace", "epochs"): _one_of((0,), [0, 1]),
    ("Trace.of", "name"): _one_of("trace", "é"),
    ("loader.Loader", "batch_size"): _whole(1, 9),
    ("loader.plan", "ranks"): _one_of(None, [0], range(2)),
    ("loader.plan", "spare"): _one_of(None, 0, 3, 2**29),
    ("synth.zipf", "alpha"): _one_of(0, 0.5, 1, 1.1, 2, 1e9),
    ("sampler.record", "n_items"): _one_of(None, 4, 9),
}
NUMBERS = _one_of(0, 1, 2, 3.5)
# Not here: what takes a real DataLoader, what draws (tests of their own), and what takes the results of others.
FUNCTIONS = {
    **{f"theory.{name}": getattr(theory, name) for name in theory.__all__},
    **{f"synth.{name}": getattr(synth, name) for name in synth.__all__},
    **{f"order.{name}": getattr(order, name) for name in order.__all__ if name != "of"},
    **{
        f"loader.{name}": getattr(loader, name)
        for name in ("Loader", "Costs", "deal", "streams", "simulate_loader", "speedups", "plan")
    },
    **{name: getattr(simcache, name) for name in ("simulate", "hit_curve", "sweep", "explain", "Trace", "Hindsight")},
    "Hindsight.feed": simcache.Hindsight(2).feed,
    "Trace.of": Trace.of,
    "sampler.record": sampler.record,
}
SLOW = {"explain", "loader.speedups", "sweep", "hit_curve"}  # asked less often


def _arguments(name, rng):
    """Legal arguments, and in most calls something else in place of one or two of them."""
    given = {}
    for parameter in inspect.signature(FUNCTIONS[name]).parameters.values():
        if parameter.kind == parameter.VAR_KEYWORD:
            continue
        if parameter.default is parameter.empty or rng.integers(2):
            draw = ELSEWHERE.get((name, parameter.name)) or LEGAL.get(parameter.name, NUMBERS)
            given[parameter.name] = draw(rng)
    for _ in range(int(rng.integers(0, 3))):
        if given:
            given[str(rng.choice(sorted(given)))] = NASTY[int(rng.integers(len(NASTY)))]
    return given


def _is_rates(values):
    return bool(((values >= 0) & (values <= 1)).all())  # of a NaN neither holds


def _holds(name, came):
    """What the docstrings promise of every result."""
    if name == "theory.opt_irm_bounds":
        low, high = came
        return _is_rates(low) and _is_rates(high) and bool((low <= high).all())
    if name == "theory.sized_bounds":
        low, high = came
        return 0 <= low.hits <= high.hits and 0 <= low.byte_hits <= high.byte_hits
    if name == "synth.lognormal_sizes":
        return came.dtype == np.int64 and bool((came >= 1).all())
    if name.startswith("theory.") and isinstance(came, np.ndarray):
        rest = name.removeprefix("theory.")
        if rest in ("sleator_tarjan", "hazard", "working_set") or rest.endswith("_limit"):
            return not np.isnan(came).any()
        return _is_rates(came)
    if name in ("sweep", "hit_curve"):
        return _is_rates(came["hit_rate"]) and _is_rates(came["low"]) and _is_rates(came["high"])
    if name == "explain":
        return bool(str(came)) and bool(came.to_json())
    return True


def _fault(name, given):
    """What is wrong with the outcome of a call, or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            came = FUNCTIONS[name](**given)
    except (TypeError, ValueError) as refused:
        return "" if str(refused) else "refused without a word"
    except Exception as error:
        return f"ended in {type(error).__name__}: {error}"
    return "" if _holds(name, came) else f"gave {came!r}"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_result_or_a_plain_refusal(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng([SEED, part])
    names = sorted(FUNCTIONS) + [name for name in sorted(FUNCTIONS) if name not in SLOW] * 4
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    try:
        faults = []
        for _ in range(CALLS // PARTS):
            name = names[int(rng.integers(len(names)))]
            given = _arguments(name, rng)
            if fault := _fault(name, given):
                faults.append(f"{name}(**{given!r}) {fault}")
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert not faults


def test_every_public_function_is_asked():
    asked = {name.rpartition(".")[2] for name in FUNCTIONS}
    left_out = {"of", "per_cache", "per_epoch", "timing"}  # they take results of others, or a real loader
    left_out |= {"Access", "Deal", "Plan", "PlannedSampler", "Timing"}  # others make them
    for namespace in (theory, synth, order, loader):
        assert set(namespace.__all__) <= asked | left_out
    assert set(simcache.__all__) <= asked | {"check_policy"}  # which itself asks a policy all that is legal
