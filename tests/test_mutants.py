"""The mutants of `make mutants`, which is slow: their texts are those of the package, and their tests there are."""

import ast
from pathlib import Path

from mutants import ROOT, mutants

PACKAGE = ROOT / "simcache"
ALL = list(mutants())


def test_each_mutant_changes_one_place():
    for mutant in ALL:
        mutated = mutant.applied((PACKAGE / mutant.file).read_text())
        assert mutated is not None, mutant
        ast.parse(mutated)
        assert mutant.new != mutant.old, mutant
    assert len({mutant[:3] for mutant in ALL}) == len(ALL)


def test_the_tests_that_should_notice_are_there():
    for test in {test for mutant in ALL for test in mutant.tests}:
        file, _, function = test.partition("::")
        assert f"def {function.partition('[')[0]}(" in (Path(__file__).parent / file).read_text(), test
    assert all(mutant.tests for mutant in ALL)


def test_every_room_has_mutants():
    rooms = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")} - {"__init__.py", "__main__.py"}
    assert {mutant.file.partition("/")[0] for mutant in ALL} == rooms
