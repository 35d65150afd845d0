"""Compare: every strategy of a scenario under the same traffic, as a table and one figure at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from sim import figures
from sim.app import runs, state
from sim.app.comparison_table import comparison_table, figure_says
from sim.app.frame import show_discussion, show_intro, show_problems, theme_name, title_of, told_problems
from sim.app.sidebar import Choice, Refusal, address, choose, link_to
from sim.app.words import words
from sim.comparison import Comparison

FIGURES: dict[str, Callable[..., Any]] = {
    "plane": figures.plane,
    "curves": figures.all_strategies,
    "blast": figures.blast_radius,
}


def page() -> None:
    """Show the page."""
    choice = choose("compare")
    if isinstance(choice, Refusal):
        show_problems(choice.title, choice.problems)
        return
    chosen: dict[str, object] = {}
    if choice.is_run:
        with told_problems():
            _show(choice)
            chosen = {} if st.session_state["figure"] == "plane" else {"figure": st.session_state["figure"]}
    else:
        show_intro(choice.scenario, words("nothing_compared"))
    state.write_address(address(choice) | chosen)


def _show(choice: Choice) -> None:
    runs.check_comparison(choice.scenario, choice.replications)
    comparison = _compared(choice)
    st.html(comparison_table(comparison, title_of(choice.scenario), partial(link_to, choice)))
    state.asked_choice("figure", list(FIGURES))
    st.segmented_control(
        words("figure"), list(FIGURES), format_func=words, key="figure", required=True, label_visibility="collapsed"
    )
    picked, look = st.session_state["figure"], theme_name()
    drawn = runs.drawn(
        choice.scenario, choice.replications, f"{picked} {look}", lambda: FIGURES[picked](comparison, theme=look)
    )
    st.image(drawn, width="stretch", alt=figure_says(comparison))
    show_discussion(choice.scenario)


def _compared(choice: Choice) -> Comparison:
    place = st.empty()
    of_all = words("comparing", strategies=len(choice.scenario.strategies), n=choice.replications)

    def progress(done: int, of: int) -> None:
        place.progress(done / of, text=of_all)

    progress(0, 1)
    comparison = runs.comparison(choice.scenario, choice.replications, progress)
    place.empty()
    return comparison


page()
