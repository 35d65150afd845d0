"""The table of words: nothing in it that no page says, nothing said that is not in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sim.app
from sim.app.words import ENGLISH

SOURCES = {path: path.read_text() for path in sorted(Path(sim.app.__file__).parent.rglob("*"))
           if path.suffix in (".py", ".js") and path.name != "words.py"}  # fmt: skip
BUILT = ("knob_", "head_", "moment_", "verdict_", "metric_", "short_")
"""Beginnings of keys whose rest is the name of something."""
ALWAYS = ("promoted", "rolled_back", "kept", "paused", "failed", "in_progress", "plane", "curves", "blast")
"""Outcomes and figures, looked up by their names."""


@pytest.mark.parametrize("key", [key for key in ENGLISH if not key.startswith(BUILT) and key not in ALWAYS])
def test_every_word_is_said_somewhere(key):
    said = re.compile(rf"\b(words|w)\.{key}\b|[\"']{key}[\"']|\[\"{key}\"\]")
    assert any(said.search(source) for source in SOURCES.values())


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".js"], ids=lambda path: path.name)
def test_the_player_says_only_what_it_was_sent(path):
    said = re.findall(r"(?<![.\w])words\.(\w+)|s\.words\.(\w+)|say\(\"(\w+)\"", SOURCES[path])
    assert {key for found in said for key in found if key} - {"start", "end"} <= {*ENGLISH, "moment_"}
