"""What help() shows of every public name: arguments, results, errors, and an example that gives what it says.

Public are the names in the root's and its namespaces' `__all__`, and of the classes among them the methods and
properties that do not begin with an underscore.
"""

import doctest
import importlib
import inspect
import re
import warnings

import matplotlib.pyplot as plt
import pytest
from numpydoc.validate import validate

import simcache

ASKED = {"GL01", "GL02", "GL03", "GL05", "GL06", "GL07", "GL08", "GL10"}  # its form
ASKED |= {"PR01", "PR02", "PR03", "PR04", "PR10", "RT01", "RT03", "YD01", "EX01"}  # what must be there
SPACES = ["simcache", *(f"simcache.{name}" for name in simcache._NAMESPACES)]


def members(name, thing):
    """A public name, and if it is a class those within."""
    yield name, thing
    fields = {*getattr(thing, "_fields", ()), *getattr(thing, "__dataclass_fields__", ())}
    for each in dir(thing) if inspect.isclass(thing) else ():
        home = next(base for base in thing.__mro__ if each in vars(base))
        if not each.startswith("_") and each not in fields and home.__module__.startswith("simcache"):
            yield f"{name}.{each}", vars(home)[each]


def public(space):
    """The names of a namespace that have a docstring of their own: all but constants."""
    for name in importlib.import_module(space).__all__:
        thing = getattr(importlib.import_module(space), name)
        if callable(thing):
            yield from members(f"{space}.{name}", thing)


def text_of(thing):
    return inspect.cleandoc(thing.__doc__ or "")


def needs_torch(space, text):
    return space == "simcache.torch" or "torch" in "".join(re.findall(r"^>>> (?:from|import) .*", text, re.MULTILINE))


@pytest.fixture(params=SPACES)
def space(request):
    if request.param == "simcache.torch":
        pytest.importorskip("torch", reason="simcache.torch needs torch")
    return request.param


def test_every_namespace_is_looked_at():
    assert {*dir(simcache)} - {*simcache.__all__, "__version__"} == {name.partition(".")[2] for name in SPACES[1:]}
    assert sum(1 for space in SPACES if space != "simcache.torch" for _ in public(space)) > 140


def test_numpydoc_finds_nothing(space):
    found = []
    for name, _ in public(space):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of sections that numpydoc does not know: GL06 has them
            errors = validate(name)["errors"]
        found += [f"{name}: {code} {told}" for code, told in errors if code in ASKED]
    assert not found


def test_no_docstring_sends_its_reader_elsewhere(space):
    """Arguments, results and errors stand where they are asked for."""
    away = re.compile(r"\bas for `|\bwhich see\b|\bsee `\w+` for\b", re.IGNORECASE)
    assert not [name for name, thing in public(space) if away.search(text_of(thing))]


def failures(name, thing):
    """What the examples of a docstring do otherwise than they say."""
    example = doctest.DocTestParser().get_doctest(text_of(thing), {}, name, None, None)
    told = [] if len(example.examples) > 1 else [f"{name} has no example"]
    doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    plt.close("all")
    return told


def test_examples_give_what_they_say(space, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if space == "simcache.explore":  # what it draws in a thread would change settings under other tests
        monkeypatch.setattr("simcache.explore.newest.Newest.run", lambda self, job: None)
    named = [(name, thing) for name, thing in public(space) if not needs_torch(space, text_of(thing))]
    assert not [told for name, thing in named for told in failures(name, thing)]


@pytest.mark.torch
def test_examples_with_torch_give_what_they_say(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="these examples need torch")
    monkeypatch.chdir(tmp_path)
    named = [(name, thing) for space in SPACES for name, thing in public(space) if needs_torch(space, text_of(thing))]
    assert len(named) > 10
    assert not [told for name, thing in named for told in failures(name, thing)]


WRONG = '''
def odd(x):
    """Double a number.

    Parameters
    ----------
    x : int
        A number.

    Examples
    --------
    >>> 2 * 2
    5
    """
    return 2 * x
'''


def test_what_is_wrong_is_seen(tmp_path, monkeypatch):
    """A result that is not told, and an example that says otherwise."""
    (tmp_path / "odd_module.py").write_text(WRONG)
    monkeypatch.syspath_prepend(tmp_path)
    assert {code for code, _ in validate("odd_module.odd")["errors"]} & ASKED == {"RT01"}
    thing = importlib.import_module("odd_module").odd
    assert len(failures("odd", thing)) == 2  # the example gives 4, and it is the only one
