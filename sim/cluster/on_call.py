"""The people: who is paged and, after a while, undoes the release; and who lets a paused one go on."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Protocol

import simpy

from sim.cluster.clock import PERSON

if TYPE_CHECKING:
    from sim.cluster.world import World


class Page(Protocol):
    """What a person is told: which alert, and whether it still fires when looked at."""

    is_firing: bool

    @property
    def name(self) -> str:
        """Return the alert's name."""


class OnCallPerson:
    """The person on call; nobody when the scenario has none."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._on_call = world.scenario.monitoring.on_call
        self._pages: Counter[str] = Counter()

    def page(self, alert: Page) -> None:
        """Be told of an alert, and react after the time that takes."""
        if self._on_call is None:
            return
        self._pages[alert.name] += 1
        delay = self._world.law(self._on_call.reaction, self._pages[alert.name], f"reaction to {alert.name}")
        self._world.env.call(self._world.now + delay, PERSON, 0, partial(self._react, alert))

    def _react(self, alert: Page) -> None:
        """Undo the release, unless the alert has gone by itself or there is nothing left to undo."""
        world = self._world
        if self._on_call is None or self._on_call.action == "none":
            world.log(
                "person", "looks", alert.name, f"The person on call looks at alert {alert.name} and leaves it at that."
            )
        elif not alert.is_firing:
            world.log("person", "looks", alert.name, f"Alert {alert.name} has gone by itself: nothing is undone.")
        elif not world.request_undo(f"the person on call reacted to alert {alert.name}"):
            world.log("person", "looks", alert.name, f"Alert {alert.name} is read when nothing is left to undo.")


def approval(world: World, ordinal: int) -> simpy.Event:
    """Return an event for the moment when a person ends the rollout's `ordinal`-th pause, which begins now.

    It never comes when the scenario has no approver.
    """
    approver = world.scenario.monitoring.approver
    if approver is None:
        return world.env.event()
    return world.env.after(world.law(approver.reaction, ordinal, "approval"), PERSON)
