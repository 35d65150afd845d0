"""Where scenarios come from: those that travel with the program, or a file that somebody uploads."""

from __future__ import annotations

import streamlit as st

from sim.app.words import words
from sim.errors import Problem, ScenarioError
from sim.resources import builtin_scenarios
from sim.scenario import Scenario, load

MOST_UPLOADED_BYTES = 1_000_000
FIRST = "bad-release"
"""The scenario that a newcomer sees."""


def names() -> list[str]:
    """Return the names of the built-in scenarios, the newcomer's first."""
    found = list(builtin_scenarios())
    return sorted(found, key=lambda name: (name != FIRST, name))


@st.cache_resource(max_entries=64, show_spinner=False)
def builtin(name: str) -> Scenario:
    """Return a built-in scenario."""
    return load(builtin_scenarios()[name])


def uploaded(content: bytes, name: str) -> Scenario:
    """Return the scenario in a file from somewhere else; it is read from memory and may name no other file.

    Raises:
        ScenarioError: it is too large or no valid scenario; its problems say `name`, which is used for nothing else.
    """
    if len(content) > MOST_UPLOADED_BYTES:
        too_large = words("too_large", size=f"{len(content):,}", most=f"{MOST_UPLOADED_BYTES:,}")
        raise ScenarioError([Problem(name, 0, 0, "", too_large)])
    # Bytes that are no UTF-8 are kept as they are, so that the loader can say where they stand.
    return Scenario.from_text(content.decode("utf-8", errors="surrogateescape"), name)
