"""The controls: one widget for each choice, by its name in `State`."""

from dataclasses import replace
from typing import Any

import panel as pn

from .looks import CHECKS, CONTENT
from .state import DEFAULT, GIVEN, KINDS, PARAMETERS, POLICIES, Given, State, parameters

LABELS = {
    "workload": "Workload",
    "n_items": "Items",
    "n_accesses": "Accesses",
    "epochs": "Epochs",
    "buffer": "Slots of the buffer",
    "drain": "Empty the buffer after each epoch",
    "alpha": "Zipf exponent",
    "jump": "Probability of a jump",
    "directed": "Every step goes up",
    "matrix": "Transition matrix (rows between ;)",
    "trace_seed": "Seed of the workload",
    "phases": "Phases, each with the next seed",
    "probability": "Share of repeats of the item before",
    "policies": "Policies",
    "seed": "Seed of the policies",
    "size": "Cache size / items",
    "warmup": "Accesses to leave out as a warm-up",
    "used": "Policy in use",
    "shared": "A cache for each",
    "batch_size": "Batch size",
    "num_workers": "Workers on each rank",
    "persistent_workers": "Workers outlive an epoch",
    "prefetch_factor": "Batches loaded ahead by each worker",
    "world_size": "Ranks",
    "drop_last": "Leave out a last batch that is not full",
    "t_hit": "Seconds to fetch a cached item",
    "t_miss": "Seconds to fetch another",
    "t_prep": "Seconds to prepare an item",
    "t_step": "Seconds of a step",
    "x": "Cache size as",
    "view": "Picture",
}
SECTIONS = {
    "Workload": ("workload", *dict.fromkeys(name for names in PARAMETERS.values() for name in names), "trace_seed",
                 "phases", "probability"),
    "Policies and size": ("policies", "size", "seed"),
    "Picture": ("view", "x", "warmup"),
    "Loader": ("used", "shared", "num_workers", "world_size", "batch_size", "prefetch_factor", "persistent_workers",
               "drop_last"),
    "Times, to weigh them too": ("t_hit", "t_miss", "t_prep", "t_step"),
}  # fmt: skip
OWN = tuple(dict.fromkeys(name for names in PARAMETERS.values() for name in (*names, "trace_seed", "phases")))
SAID = {
    "workload": {
        "shuffled": "shuffled epochs", "shuffle_buffer": "a shuffle buffer", "loop": "the same order again",
        "uniform": "uniform draws", "zipf": "Zipf draws", "ring": "a walk on a ring", "markov": "a Markov chain",
    },
    "shared": {"worker": "worker", "rank": "rank, shared by its workers", "node": "node, shared by all"},
    "x": {"fraction": "share of the items", "capacity": "items, on a log scale"},
    "view": {"curves": "hit rates", "gap": "heatmap of OPT's lead"},
}  # fmt: skip
SECONDS, UNIT = 0.001, 0.05


def controls(state: State, given: Given | None) -> dict[str, Any]:
    """A widget for each choice, at what `state` says."""
    found = {name: _control(name, getattr(state, name)) for name in KINDS}
    if given is not None:
        found["workload"].options = {given.name: GIVEN, **found["workload"].options}
        found["workload"].value = state.workload
    show(found, state, given)
    return found


def show(widgets: dict[str, Any], state: State, given: Given | None) -> None:
    """Show those of the state's own workload, and no other law's."""
    own = parameters(state)
    for name in OWN:
        widgets[name].visible = name in own
    if state.workload == GIVEN:
        widgets["epochs"].visible = given is not None and given.is_loader


def state_of(widgets: dict[str, Any]) -> State:
    """What the widgets say.

    Raises
    ------
    ValueError
        When one is empty.
    """
    found: dict[str, Any] = {}
    for name, widget in widgets.items():
        came = widget.value
        if came is None:
            raise ValueError(f"{LABELS[name]} must be a number, got none")
        found[name] = tuple(came) if KINDS[name] is tuple else KINDS[name](came)
    return replace(DEFAULT, **found | {"size": round(found["size"], 6)})  # a slider steps to 0.29000000000000004


def place(widgets: dict[str, Any], state: State) -> None:
    """Have the widgets say what a state does."""
    for name, widget in widgets.items():
        widget.value = _shown(getattr(state, name))


def sections(widgets: dict[str, Any]) -> list[Any]:
    """The widgets, each group after its heading."""
    found = []
    for title, names in SECTIONS.items():
        found += [text(f"<h2>{title}</h2>"), *(widgets[name] for name in names)]
    return found


class _Text(pn.pane.HTML):  # type: ignore[misc]
    """Of a change it sends the text alone; else links to style sheets would go along, in a notebook to Panel's CDN."""

    def _update(self, ref: str, model: Any) -> None:
        model.update(**self._process_param_change({"object": self.object}))


def text(html: str = "") -> Any:
    """A pane of text."""
    return _Text(html, sizing_mode="stretch_width", stylesheets=[CONTENT], margin=(0, 10))


def _shown(value: Any) -> Any:
    """A choice as its widget holds it."""
    if isinstance(value, bool):
        return [True] if value else []
    return list(value) if isinstance(value, tuple) else value


def _control(name: str, value: Any) -> Any:
    kind, wide = KINDS[name], {"sizing_mode": "stretch_width", "label": LABELS[name]}
    if name == "policies":
        return pn.widgets.CheckBoxGroup(
            options=list(POLICIES), value=list(value), inline=True, stylesheets=[CHECKS], **wide
        )
    if name == "size":
        return pn.widgets.FloatSlider(value=value, start=0.01, end=1.0, step=0.01, format="0.00[0000]", **wide)
    if name == "used":
        return pn.widgets.Select(options=list(POLICIES), value=value, **wide)
    if name in SAID:
        options = {said: each for each, said in SAID[name].items()}
        return pn.widgets.Select(options=options, value=value if value in options.values() else None, **wide)
    if kind is bool:
        # Not Checkbox: to those who hear a page, its text is no label of it.
        return pn.widgets.CheckBoxGroup(options={LABELS[name]: True}, value=_shown(value), **wide)
    if kind is int:
        return pn.widgets.IntInput(value=value, **wide)
    if kind is float:
        return pn.widgets.FloatInput(value=value, step=SECONDS if name.startswith("t_") else UNIT, **wide)
    return pn.widgets.TextInput(value=value, **wide)
