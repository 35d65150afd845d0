"""The knobs beside the page: scenario, strategy, numbers, and what a run will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

import streamlit as st

from sim.app import library, state
from sim.app.analysis_knobs import checks_by_itself
from sim.app.knobs import KNOBS, Knob, changed, turned
from sim.app.runs import comparison_runs
from sim.app.words import thousands, words
from sim.errors import ScenarioError
from sim.scenario import Scenario

PageName = Literal["simulate", "compare"]
KNOB_NAMES = [knob.name for knob in KNOBS]
STRATEGY_KNOBS = [knob.name for knob in KNOBS if knob.of_strategy]
ROWS = (
    ("rate", "replicas"),
    ("load",),
    ("errors", "slower"),
    ("watched",),
    ("limit", "interval"),
    ("seed", "replications"),
)
"""Knobs side by side, row by row; the advanced ones have a place of their own."""
FIRST_STRATEGY = "canary"
"""The strategy that a newcomer sees, where there is one of that name."""
REPLICATIONS, MOST_REPLICATIONS = 5, 40


@dataclass(frozen=True)
class Choice:
    """What is chosen: the scenario as the file says it and with the knobs turned, the strategy, and whether to run."""

    original: Scenario
    scenario: Scenario
    strategy: str
    replications: int
    changed: Mapping[str, float]
    is_run: bool


@dataclass(frozen=True)
class Refusal:
    """What is chosen is no scenario that can be run. problems: exactly as the loader writes them."""

    title: str
    problems: str


def choose(page: PageName) -> Choice | Refusal:
    """Show the sidebar and return what is chosen in it."""
    state.keep([*KNOB_NAMES, "scenario", "strategy", "replications"])
    with st.sidebar:
        try:
            original = _scenario()
        except ScenarioError as error:
            _upload()
            return Refusal(words("bad_file"), str(error))
        strategy = _strategy(original, page)
        knobs = _begin(original, strategy)
        with st.form("knobs", border=False):
            values = _fields(original, strategy, knobs, page)
            pressed = st.form_submit_button(f"**{words('run')}**", key="run", width="stretch")
            cost = st.empty()
        try:
            choice = _choice(original, strategy, values, _is_run(page, pressed))
        except ScenarioError as error:
            _below(None, strategy)
            return Refusal(words("bad_knob"), str(error))
        cost.caption(_cost(choice, page))
        _below(choice, strategy)
        return choice


def address(choice: Choice) -> dict[str, object]:
    """Return what a link to the choice must say; values that the scenario has anyway are left out."""
    names: dict[str, object] = {} if "uploaded" in st.session_state else {"scenario": st.session_state["scenario"]}
    names |= {"strategy": choice.strategy, **choice.changed}
    if choice.replications != REPLICATIONS:
        names["replications"] = choice.replications
    return names | ({state.RUN: 1} if choice.is_run else {})


def link_to(choice: Choice, strategy: str) -> str | None:
    """Return a link to a strategy of the choice on the stage; None for a file that only this session has."""
    if "uploaded" in st.session_state:
        return None
    said = address(choice) | {"strategy": strategy}
    return "./?" + urlencode({name: state.written(value) for name, value in said.items()})


def _choice(original: Scenario, strategy: str, values: dict[str, float], is_run: bool) -> Choice:
    scenario = turned(original, strategy, values)
    replications = int(st.session_state["replications"])
    return Choice(original, scenario, strategy, replications, changed(original, strategy, values), is_run)


def _cost(choice: Choice, page: PageName) -> str:
    scenario = choice.scenario
    runs = 3 if page == "simulate" else comparison_runs(scenario, choice.replications)
    return words("cost", requests=thousands(scenario.expected_requests()), runs=thousands(runs))


def _below(choice: Choice | None, strategy: str) -> None:
    """Show what can be done with the scenario, apart from running it."""
    if choice is None or choice.changed:
        names = "" if choice is None else ", ".join(_label(name, choice.original, strategy) for name in choice.changed)
        st.button(
            words("reset"), key="reset", width="stretch", on_click=state.forget, args=(KNOB_NAMES,), help=names or None
        )
    if choice is not None:
        name = f"{choice.scenario.name}.yaml"
        st.download_button(
            words("download"),
            choice.scenario.dump(),
            name,
            "application/yaml",
            key="download",
            on_click="ignore",
            width="stretch",
        )
    _upload()


# ---- scenario


def _scenario() -> Scenario:
    """Return the chosen scenario.

    Raises:
        ScenarioError: an uploaded one is not valid.
    """
    if "uploaded" in st.session_state:
        scenario = library.uploaded(*st.session_state["uploaded"])
        st.text(f"{words('scenario')}: {scenario.name}")
        return scenario
    state.asked_choice("scenario", library.names())
    st.selectbox(words("scenario"), library.names(), key="scenario", on_change=_start_over)
    return library.builtin(st.session_state["scenario"])


def _strategy(scenario: Scenario, page: PageName) -> str:
    strategies = list(scenario.strategies)
    state.asked_choice("strategy", sorted(strategies, key=lambda name: name != FIRST_STRATEGY))
    if page == "simulate":
        st.selectbox(words("strategy"), strategies, key="strategy", on_change=state.forget, args=(STRATEGY_KNOBS,))
    return str(st.session_state["strategy"])


def _upload() -> None:
    with st.expander(words("own"), expanded="uploaded" in st.session_state):
        st.file_uploader(words("upload"), type=["yaml", "yml"], key="upload", on_change=_take_upload, max_upload_size=1)


def _take_upload() -> None:
    file = st.session_state["upload"]
    if file is None:
        st.session_state.pop("uploaded", None)
    else:
        st.session_state["uploaded"] = (file.getvalue(), file.name)
    _start_over()


def _start_over() -> None:
    """Forget what belonged to another scenario."""
    state.forget([*KNOB_NAMES, "strategy", "run_simulate", "run_compare"])


# ---- numbers


def _begin(scenario: Scenario, strategy: str) -> list[Knob]:
    """Return the knobs that the scenario has, each with a value: the address's at first, else the scenario's."""
    found = []
    for knob in KNOBS:
        value = knob.value(scenario, strategy)
        if value is not None:
            state.asked_number(knob.name, value, min(knob.low, value), max(knob.high, value))
            found.append(knob)
    state.asked_number("replications", REPLICATIONS, 1, MOST_REPLICATIONS)
    return found


def _fields(scenario: Scenario, strategy: str, knobs: Sequence[Knob], page: PageName) -> dict[str, float]:
    """Show the fields and return their values."""
    by_name = {knob.name: knob for knob in knobs if page == "simulate" or not knob.of_strategy}
    for row in ROWS:
        names = [name for name in row if name in by_name or (name == "replications" and page == "compare")]
        columns = st.columns(2) if len(row) > 1 and names else [st.container() for _ in names]
        for name, column in zip(names, columns, strict=False):
            with column:
                _field(by_name.get(name), scenario, strategy)
    if page == "simulate" and not {"watched", "limit"} & set(by_name):
        st.caption(words("own_checks" if checks_by_itself(scenario, strategy) else "no_analysis"))
    with st.expander(words("more")):
        for knob in by_name.values():
            if knob.advanced:
                _field(knob, scenario, strategy)
    return {knob.name: st.session_state[knob.name] for knob in knobs}


def _field(knob: Knob | None, scenario: Scenario, strategy: str) -> None:
    if knob is None:
        st.number_input(words("knob_replications"), 1, MOST_REPLICATIONS, step=1, key="replications")
    elif knob.name == "watched":
        st.session_state["watched"] = int(st.session_state["watched"])
        st.selectbox(
            knob.label(scenario, strategy), [1, 0], key="watched", format_func=lambda on: words("on" if on else "off")
        )
    else:
        value = st.session_state[knob.name]
        low, high = (knob.shown(bound) for bound in (min(knob.low, value), max(knob.high, value)))
        st.number_input(
            knob.label(scenario, strategy),
            low,
            high,
            step=knob.shown(knob.step),
            key=knob.name,
            format=None if knob.whole else "%.6g",
        )


def _label(name: str, scenario: Scenario, strategy: str) -> str:
    return next(knob.label(scenario, strategy) for knob in KNOBS if knob.name == name)


def _is_run(page: PageName, pressed: bool) -> bool:
    """True once Run was pressed on this page for this scenario, or the address asks for the result."""
    if pressed or state.asked(state.RUN):
        st.session_state[f"run_{page}"] = True
    return bool(st.session_state.get(f"run_{page}"))
