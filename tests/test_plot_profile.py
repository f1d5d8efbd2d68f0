"""profile: four panels that show what the profile holds, whatever the trace."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from simcache import Trace, analysis, plot, synth

TRACES = {
    "zipf": synth.zipf(300, 5000, 1.0, seed=1),
    "loop": synth.loop(100, 1000),
    "one": Trace([0], 1),
    "no reuse": Trace([2, 0, 1], 5),
    "one item": Trace([0] * 50, 1),
    "wide": Trace([0, 7, 0, 2**31 - 2], 2**31 - 1),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("width", ["column", "page"])
@pytest.mark.parametrize("name", TRACES)
def test_any_trace_is_drawn(name, width, tmp_path):
    found = analysis.profile(TRACES[name])
    with plot.style(width):
        fig, axes = plot.profile(found)
        plot.save(fig, tmp_path / "a.png")
        assert fig.get_figwidth() == {"column": 3.35, "page": 7.0}[width]
    assert len(axes) == 4
    plt.close(fig)


def test_the_panels_show_the_profile():
    found = analysis.profile(TRACES["zipf"])
    with plot.style("page"):
        fig, (popular, again, window, tenths) = plot.profile(found)
    ranks, counts = popular.get_lines()[0].get_data()
    assert np.array_equal(counts, found.popularity[ranks.astype(int) - 1])
    assert popular.get_legend_handles_labels()[1] == ["items", f"Zipf α = {found.zipf_exponent:.2f}"]
    assert [text.get_text() for text in again.get_legend().get_texts()] == ["reuse time", "stack distance"]
    assert np.array_equal(window.get_lines()[0].get_ydata(), found.working_set["items"])
    assert np.array_equal(tenths.collections[0].get_array().reshape(10, 10), found.overlap)
    assert fig.get_suptitle() == "zipf-1.0: independent"
    plt.close(fig)


def test_what_is_no_profile_is_refused_and_leaves_no_figure():
    before = plt.get_fignums()
    with pytest.raises(TypeError, match=r"found must be a Profile of analysis.profile, got Trace"):
        plot.profile(TRACES["zipf"])
    assert plt.get_fignums() == before
