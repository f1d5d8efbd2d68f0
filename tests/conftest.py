"""What every test runs under: no deadlines, no screen, and no torch when it is asked to stay out."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version

from hypothesis import HealthCheck, Phase, settings

os.environ.setdefault("MPLBACKEND", "Agg")

WITHOUT_TORCH = os.environ.get("TORCH") == "0"

# No clock decides. The first call of a kernel compiles it, so no example has a deadline; the first text that is drawn
# waits for Hypothesis' tables of Unicode, on a busy machine for long. CI runs the same examples every time.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("simcache", UNTIMED, print_blob=True)
settings.register_profile("simcache-ci", UNTIMED, derandomize=True)
# Whether a test fails is all that mutants.py asks, not on what least example.
settings.register_profile("simcache-mutants", UNTIMED, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("simcache-ci" if os.environ.get("CI") else "simcache")


class _NoTorch:
    """A finder that knows torch only to refuse it, so that `TORCH=0` means the same whether or not it is installed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("torch is left out (TORCH=0)", name="torch")


if WITHOUT_TORCH:
    sys.meta_path.insert(0, _NoTorch)


def pytest_sessionstart():
    """Compile something, so that nothing that tests read on standard error is about a kernel cache that is empty."""
    from simcache import Trace, simulate

    simulate(Trace([0], 1), "fifo", 1)


def pytest_report_header():
    if WITHOUT_TORCH:
        return "torch: left out (TORCH=0)"
    try:
        return f"torch: {version('torch')}"
    except PackageNotFoundError:
        return "torch: not installed, so its tests are skipped"


def pytest_collection_modifyitems(config, items):
    if not WITHOUT_TORCH:
        return
    left_out = [item for item in items if item.get_closest_marker("torch")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("torch")]
