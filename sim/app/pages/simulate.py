"""Simulate: one strategy on the stage."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sim.app import runs, state
from sim.app.frame import show_intro, show_problems, told_problems
from sim.app.html import table, text
from sim.app.runs import Shown
from sim.app.sidebar import Choice, Refusal, address, choose
from sim.app.stage import component
from sim.app.words import thousands, words
from sim.fields import FIELDS

STAGE = "stage"


def page() -> None:
    """Show the page."""
    choice = choose("simulate")
    if isinstance(choice, Refusal):
        show_problems(choice.title, choice.problems)
        return
    if choice.is_run:
        with told_problems():
            _show(choice)
    else:
        show_intro(choice.scenario, words("press_run"))
    state.write_address(address(choice) | _moment(choice))


def _show(choice: Choice) -> None:
    runs.check_run(choice.scenario)
    running = words("running", strategy=choice.strategy) + ("" if runs.is_warm() else " " + words("first_run"))
    with st.spinner(running, show_time=True):
        shown = runs.shown_run(choice.scenario, choice.strategy)
    key = f"{choice.scenario.digest()}/{choice.strategy}"
    component.show(shown.events, key, _start(key), on_pause=lambda: None)
    with st.expander(words("numbers")):
        st.html(_numbers(shown))


def _start(key: str) -> dict[str, Any]:
    """Return where playing begins: where the address says for the first run shown, else at 0."""
    kept = st.session_state.get("start")
    if kept is None or kept["of"] != key:
        seconds = state.asked_float("t") if kept is None else None
        kept = {"of": key, "t0": 1000 * (seconds or 0.0), "autoplay": bool(st.session_state.get("run"))}
        st.session_state["start"] = kept
    return {name: kept[name] for name in ("t0", "autoplay")}


def _moment(choice: Choice) -> dict[str, float]:
    """Return the moment at which the player of this run was paused last, or begins."""
    kept = st.session_state.get("start")
    if not choice.is_run or kept is None:
        return {}
    playback = st.session_state.get(STAGE, {}).get("playback")
    milliseconds = playback["t"] if playback and playback["of"] == kept["of"] else kept["t0"]
    return {"t": round(milliseconds / 1000, 1)} if milliseconds else {}


def _numbers(shown: Shown) -> str:
    """Return every result field as a table."""
    heads = [words(key) for key in ("field", "value", "unit", "meaning")]
    rows = [
        [text(name), text(_value(value)), text(FIELDS[name].unit), text(FIELDS[name].description)]
        for name, value in shown.summary.items()
    ]
    return table((), heads, rows, "numbers", words("numbers"))


def _value(value: Any) -> str:
    if value is None:
        return words("not_told")
    if isinstance(value, int):
        return thousands(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


page()
