"""Argo's rules are the running controller's: each of them is called by a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from small_world import run, scenario

from sim.cluster.argo import blue_green, counts, plan, route, status

MESH = {"propagationDelay": "1s"}
LOOK = {"metric": "errorRate", "interval": "10s", "failureCondition": "result > 0.9"}
LADDER = [{"setWeight": 25}, {"pause": {"duration": 5}}, {"setWeight": 50}, {"pause": {"duration": 5}}]


def rules() -> dict[CodeType, str]:
    """Return every public function of the rules."""
    modules = (counts, plan, route, status, blue_green)
    return {
        thing.__code__: f"{module.__name__}.{name}"
        for module in modules
        for name, thing in vars(module).items()
        if isinstance(thing, FunctionType) and thing.__module__ == module.__name__ and not name.startswith("_")
    }


@contextmanager
def called() -> Iterator[set[CodeType]]:
    """Yield what is called inside."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)


def canary(**keys: Any) -> dict[str, Any]:
    return {"type": "canary", "steps": LADDER, **keys}


def operated(strategy: dict[str, Any], mesh: Any, *operations: tuple[float, str]) -> None:
    given = scenario(strategy, mesh=mesh, rate=1, duration=120)
    run(given.replace("spec.operations", [{"at": at, "action": action} for at, action in operations]))


def test_every_rule_is_called_by_a_running_controller():
    with called() as seen:
        operated(canary(analysis=LOOK, replicaProgressThreshold={"type": "Percent", "value": 50}), MESH)
        operated(canary(), None, (5, "undo"))
        operated(canary(dynamicStableScale=True), MESH, (8, "abort"))
        operated(canary(rollbackWindow={"revisions": 1}), MESH, (60, "undo"))
        operated({"type": "blueGreen", "autoPromotionSeconds": 5}, MESH, (8, "abort"))
    assert sorted(name for code, name in rules().items() if code not in seen) == []
