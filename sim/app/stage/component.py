"""The stage as a Streamlit component: its script and style, read once, and the call that shows a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from sim.app.words import ENGLISH

HERE = Path(__file__).parent
SCRIPTS = (
    "marks.js",
    "events.js",
    "mesh.js",
    "wall.js",
    "timeline.js",
    "signs.js",
    "panels.js",
    "controls.js",
    "stage.js",
)
"""Joined into one module in this order: a component has one script, and nothing may be loaded from anywhere."""


def script() -> str:
    """Return the player as one module."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)


def style() -> str:
    """Return its style."""
    return (HERE / "stage.css").read_text(encoding="utf-8")


def show(run: dict[str, Any], key: str, start: dict[str, Any], on_pause: Callable[[], None]) -> None:
    """Show a run. key: changes when the run does. start: t0 in milliseconds, speed, autoplay."""
    stage = st.components.v2.component("stage", html="<div class='stage-root'></div>", css=style(), js=script())
    stage(
        data={"run": run, "words": dict(ENGLISH), "lang": "en", "key": key, **start},
        key="stage",
        on_playback_change=on_pause,
    )
