"""The people: who is paged and, after a while, undoes the release; and who lets a paused one go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

import simpy

from sim.cluster.clock import PERSON
from sim.spec.distributions import Constant, Law

if TYPE_CHECKING:
    from sim.cluster.world import World


AT_ONCE = Constant(value=0.0)


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
        self._turns: Counter[tuple[str, str]] = Counter()

    def page(self, *alerts: Page) -> None:
        """Be told of alerts, and look at them after the time that takes."""
        if self._on_call is not None:
            self._after(self._on_call.reaction, "reaction", alerts, self._look)

    def _after(self, law: Law, what: str, alerts: tuple[Page, ...], then: Callable[[tuple[Page, ...]], None]) -> None:
        name = alerts[0].name
        self._turns[what, name] += 1
        delay = self._world.law(law, self._turns[what, name], f"{what} to {name}")
        self._world.env.call(self._world.now + delay, PERSON, 0, partial(then, alerts))

    def _look(self, alerts: tuple[Page, ...]) -> None:
        """Decide to undo the release, unless all alerts have gone by themselves."""
        world, name = self._world, alerts[0].name
        if self._on_call is None or self._on_call.action == "none":
            world.log("person", "looks", name, f"The person on call looks at alert {name} and leaves it at that.")
        elif not any(alert.is_firing for alert in alerts):
            world.log("person", "looks", name, f"Alert {name} has gone by itself: nothing is undone.")
        elif self._on_call.decision == AT_ONCE:
            self._undo(alerts)
        else:
            world.log("person", "looks", name, f"The person on call looks at alert {name} and thinks about it.")
            self._after(self._on_call.decision, "decision", alerts, self._undo)

    def _undo(self, alerts: tuple[Page, ...]) -> None:
        """Undo the release, unless there is nothing left to undo."""
        name = alerts[0].name
        if not self._world.request_undo(f"the person on call reacted to alert {name}"):
            self._world.log("person", "looks", name, f"Alert {name} is read when nothing is left to undo.")


def approval(world: World, ordinal: int) -> simpy.Event:
    """Return an event for the moment when a person ends the rollout's `ordinal`-th pause, which begins now.

    It never comes when the scenario has no approver.
    """
    approver = world.scenario.monitoring.approver
    if approver is None:
        return world.env.event()
    return world.env.after(world.law(approver.reaction, ordinal, "approval"), PERSON)
