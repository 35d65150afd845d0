"""The plan of a strategy as steps in order, each with the moment at which the run began it."""

from __future__ import annotations

from typing import Any

from sim.app.stage.pods import milliseconds
from sim.app.stage.story import undo_at
from sim.app.words import words
from sim.record import Record
from sim.scenario import Scenario


def steps(record: Record, scenario: Scenario) -> list[dict[str, Any]]:
    """Return the steps: text, t in milliseconds (None: never begun), undo: true for the way back, which was no plan."""
    planned = _planned(record, scenario, record.strategy)
    undone = undo_at(record)
    if undone is None:
        return planned
    old = record.service_versions[record.stable][1]
    return [*planned, {"text": words("step_undo", v=old), "t": undone, "undo": True}]


def _planned(record: Record, scenario: Scenario, name: str) -> list[dict[str, Any]]:
    strategy: Any = scenario.strategies[name]
    begun = _begun(record, strategy.kind)
    own = [{"text": text, "t": begun.get(str(index))} for index, text in enumerate(strategy.steps_text())]
    following = getattr(strategy, "then", None)
    return own if following is None else own + _planned(record, scenario, following)


def _begun(record: Record, kind: str) -> dict[str, int]:
    """Return when each step of a type of strategy began, by the number it has in the plan."""
    begun: dict[str, int] = {}
    for event in record.events:
        if event.kind == "step" and event.source == kind:
            begun.setdefault(event.subject, milliseconds(event.at_seconds))
    return begun
