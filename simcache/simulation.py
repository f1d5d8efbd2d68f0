"""simulate(): the one checked door to the kernels."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numba.core.dispatcher import Dispatcher

from . import policies
from .checks import short
from .faults import call
from .generators import Generator
from .parameters import GENERATOR, bound
from .parameters import defaults_of as defaults_of
from .policies import Counts, Hits, Ids
from .renumbering import dense as dense
from .renumbering import dense_sized as dense_sized
from .sums import Sizes, of_items
from .trace import Trace, whole
from .units import check_capacity, check_unit, everything

Named = str | ModuleType | Callable[..., Any]
Policy = Named | tuple[Named, Mapping[str, Any]]
SEED_LIMIT = 2**64 - 1


class Chosen(NamedTuple):
    """A policy ready to run: its kernel, all its parameters, its label in tables, whether it draws random numbers.

    Of the unit bytes, the kernel is the one that takes sizes.
    """

    kernel: Callable[..., Hits]
    params: dict[str, Any]
    label: str
    random: bool
    module: ModuleType | None
    unit: str = "items"

    @property
    def is_of(self) -> bool:
        """Whether the kernel is its module's: only then what else the module holds is about it."""
        own = "kernel" if self.unit == "items" else "sized"
        return getattr(self.module, own, None) is self.kernel

    @property
    def curve(self) -> Callable[..., Counts] | None:
        """The one-pass curve that goes with the kernel, if there is one."""
        return getattr(self.module, "curve", None) if self.is_of and self.unit == "items" else None

    @property
    def many(self) -> Callable[..., Counts] | None:
        """What counts several sizes in one pass, each as the kernel would, if there is such a thing."""
        several = getattr(self.module, "many", None) if self.is_of and self.unit == "items" else None
        return several if callable(several) else None

    @property
    def sized(self) -> Callable[..., Hits] | None:
        """The kernel that takes sizes and goes with the kernel, if there is one."""
        return getattr(self.module, "sized", None) if self.is_of else None


def simulate(
    trace: Trace, policy: Policy, capacity: int | str, *, unit: str = "items", seed: int = 0, **params: Any
) -> Hits:
    """Replay a trace through a policy, from an empty cache.

    Parameters
    ----------
    trace : Trace
        The accesses, in order; may be empty.
    policy : str, module, compiled kernel or generator; or (policy, dict)
        A name (`policies.names()`); a module with a `kernel`, or as yet a `reference` alone; a kernel compiled with
        Numba, ``kernel(ids, n_items, capacity, seed, …)``; or a generator in plain Python, ``mine(ids, capacity, seed,
        *, …)``, that yields one bool an access. A pair has its parameters too.
    capacity : int or str
        Items the cache holds, at least 1, or bytes, also as a text: "25 GB", "25 GiB". Where all fits in, nothing is
        ever evicted.
    unit : {"items", "bytes"}
        What `capacity` counts. Bytes need a trace with sizes, and a policy that takes them: one whose module has a
        kernel ``sized(ids, sizes, n_items, capacity, seed, …)``.
    seed : int
        0 … 2^64 - 1. The same seed gives the same hits on any machine; policies that draw nothing ignore it.
    **params
        The policy's own parameters, e.g. ``bypass=True`` for OPT.

    Returns
    -------
    numpy.ndarray of bool, shape (n_accesses,)
        Which accesses hit.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as stated; the message names what must hold and what came. When a policy of your own
        does not compile, raises, or does not answer each access: it names the line, or the access.

    Notes
    -----
    Memory: 4 bytes an access for the ids (on disk, where the trace maps them) and 1 for the result; and each policy its
    own state, said in its file's docstring.

    Examples
    --------
    >>> from simcache import Trace, simulate, synth
    >>> simulate(Trace([0, 1, 0, 2, 1, 0], n_items=3), "lru", capacity=2)
    array([False, False,  True, False, False, False])
    >>> trace = synth.shuffled(1_000, epochs=10)
    >>> [round(float(simulate(trace, policy, 500).mean()), 3) for policy in ["lru", "pin", "opt"]]
    [0.138, 0.45, 0.45]
    """
    check_trace(trace)
    chosen = counting_in(check_unit(unit), choose(policy, params))
    everything(trace, unit)
    size = check_capacity(capacity, unit, f" for trace {trace.name!r}")
    return run(chosen, trace, size, check_seed(seed))


def run(chosen: Chosen, trace: Trace, capacity: int, seed: int) -> Hits:
    """`simulate` with its arguments already checked."""
    if not len(trace):
        return np.empty(0, np.bool_)
    ids, n_items, sizes = dense_sized(trace)
    if chosen.unit == "items" or sizes is None:
        return replay(chosen, ids, n_items, capacity, seed)
    return replay_sized(chosen, ids, sizes, n_items, capacity, seed)


def replay(chosen: Chosen, ids: Ids, n_items: int, capacity: int, seed: int) -> Hits:
    """Run the kernel on ids as `dense` gives them."""
    held = min(capacity, n_items)
    if isinstance(chosen.kernel, Generator):
        return chosen.kernel(ids, n_items, held, seed, **chosen.params)
    hits = call(chosen.kernel, f"policy {chosen.label!r}", ids, n_items, held, np.uint64(seed), **chosen.params)
    return _one_bool_each(hits, ids.size, chosen.label)


def replay_sized(chosen: Chosen, ids: Ids, sizes: Sizes, n_items: int, capacity: int, seed: int) -> Hits:
    """Run the kernel of a policy that counts bytes, on ids and sizes as `dense_sized` gives them."""
    most = min(capacity, of_items(sizes))  # so that no kernel's product of it leaves 64 bits
    hits = call(chosen.kernel, f"policy {chosen.label!r}", ids, sizes, n_items, most, np.uint64(seed), **chosen.params)
    return _one_bool_each(hits, ids.size, chosen.label)


def _one_bool_each(hits: Any, n_accesses: int, label: str) -> Hits:
    if isinstance(hits, np.ndarray) and hits.dtype == np.bool_ and hits.shape == (n_accesses,):
        return hits
    came = (
        f"{hits.dtype} of shape {hits.shape}"
        if isinstance(hits, np.ndarray)
        else f"{type(hits).__name__} {short(hits)}"
    )
    raise TypeError(f"a kernel must return one bool per access, {n_accesses} for policy {label!r}, got {came}")


def check_trace(trace: object) -> None:
    """Refuse what is not a Trace."""
    if not isinstance(trace, Trace):
        came = f"{type(trace).__name__} {short(trace)}"
        raise TypeError(f"trace must be a simcache.Trace (see Trace and Trace.of), got {came}{_maker(trace)}")


def _maker(given: object) -> str:
    """A hint at what makes a trace of this."""
    if isinstance(given, str | os.PathLike):
        return f"; of a file, formats.read({short(os.fspath(given))})"
    return "; of keys in order of access, Trace.of" if np.iterable(given) else ""


def check_seed(seed: object) -> int:
    """A policy's seed, a whole number 0 … 2^64 - 1."""
    return whole(seed, "seed", 0, SEED_LIMIT)


def choose(policy: Policy, given: Mapping[str, Any] | None = None) -> Chosen:
    """The policy that `policy` names, with `given` and its own parameters, every default filled in.

    Raises
    ------
    TypeError, ValueError
        When there is no such policy or parameter (the message names the nearest), a value is of the wrong kind, or
        one is given twice.
    """
    own: Mapping[str, Any] = {}
    if isinstance(policy, tuple):
        policy, own = _pair(policy)
    if twice := sorted(set(own) & set(given or {})):
        raise ValueError(f"a policy parameter must be given once, got {', '.join(twice)} twice for {policy!r}")
    kernel, name, module = _find(policy)
    params, label = bound(kernel, name, {**own, **(given or {})}, getattr(module, "ACCESSES", {}))
    named = replace(kernel, label=label) if isinstance(kernel, Generator) else kernel
    return Chosen(named, params, label, bool(getattr(module, "RANDOM", False)), module)


def _pair(policy: Any) -> tuple[Named, Mapping[str, Any]]:
    if len(policy) == 2 and isinstance(policy[1], Mapping) and not isinstance(policy[0], tuple):
        return policy[0], policy[1]
    raise TypeError(f"a policy with parameters must be (name, {{parameter: value}}), got {policy!r}")


def counting_in(unit: str, chosen: Chosen) -> Chosen:
    """The policy with sizes counted in that unit.

    Raises
    ------
    TypeError, ValueError
        When that is bytes and the policy has no kernel that takes sizes, or one that takes something else.
    """
    if unit == "items":
        return chosen
    if chosen.sized is None:
        able = [name for name in policies.names() if hasattr(policies.load(name), "sized")]
        have = f" ({', '.join(able)} do)" if able else ""
        raise ValueError(f"a policy must have a kernel `sized` to count bytes{have}, got {chosen.label!r}")
    must = ["ids", "sizes", "n_items", "capacity", "seed", *chosen.params]
    came = short(chosen.sized)
    if isinstance(chosen.sized, Dispatcher):
        names = list(inspect.signature(chosen.sized.py_func).parameters)
        came = f"({', '.join(names)})"
        if names == must:
            return chosen._replace(kernel=chosen.sized, unit=unit)
    rule = f"`sized` must be compiled with numba.njit and take ({', '.join(must)})"
    raise TypeError(f"{rule} for policy {chosen.label!r}, got {came}")


def _find(policy: Named) -> tuple[Callable[..., Any], str, ModuleType | None]:
    if isinstance(policy, str):
        policy = policies.load(policy)
    if isinstance(policy, ModuleType):
        name = policy.__name__.rpartition(".")[2]
        return _main_of(policy, name), name, policy
    if isinstance(policy, Dispatcher) or _is_generator(policy):
        function = policy.py_func if isinstance(policy, Dispatcher) else policy
        name, home = function.__name__, function.__module__
        if name in ("kernel", "reference") and home != "__main__":
            name = home.rpartition(".")[2]
        return policy if isinstance(policy, Dispatcher) else Generator(policy, name), name, sys.modules.get(home)
    came, several = type(policy).__name__, "; sweep takes several"
    raise TypeError(
        f"policy must be a name ({', '.join(policies.names())}), (name, parameters), a module with a compiled kernel, "
        "a generator function (ids, capacity, seed, *, …), or a kernel compiled with numba.njit, "
        f"got {came} {short(policy)}{several if came == 'list' else ''}"
    )


def _main_of(module: ModuleType, name: str) -> Callable[..., Any]:
    """A module's kernel, or, as long as it has none, its reference."""
    kernel, reference = getattr(module, "kernel", None), getattr(module, "reference", None)
    if isinstance(kernel, Dispatcher):
        return kernel
    if kernel is None and _is_generator(reference):
        return Generator(reference, name)
    why = " and no generator `reference`" if kernel is None else ", whose `kernel` numba.njit did not compile"
    raise TypeError(f"a policy module must have a compiled `kernel`, got {name!r}{why}")


def _is_generator(policy: object) -> TypeGuard[FunctionType]:
    """Whether it is a generator, or a function that begins as one: what it returns is asked for one bool an access."""
    return isinstance(policy, FunctionType) and (
        inspect.isgeneratorfunction(policy) or list(inspect.signature(policy).parameters)[:3] == GENERATOR
    )
