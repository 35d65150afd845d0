"""From alerts that fire to the person on call: one page for all that come together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.cluster.clock import ALERT
from sim.cluster.on_call import OnCallPerson, Page

if TYPE_CHECKING:
    from sim.cluster.world import World


class Pager:
    """Tells the person on call of alerts, at once or after a wait for others.

    Source: Prometheus Alertmanager, group_wait. What has resolved by then is left out; nothing is sent when all has.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._wait = world.scenario.monitoring.group_wait
        self._group: list[Page] = []
        self._person = OnCallPerson(world)

    def tell(self, alert: Page) -> None:
        """An alert begins to fire."""
        if self._wait == 0:
            self._person.page(alert)
            return
        self._group.append(alert)
        if len(self._group) == 1:
            self._world.env.call(self._world.now + self._wait, ALERT, 1, self._send)

    def _send(self) -> None:
        firing = [alert for alert in self._group if alert.is_firing]
        self._group = []
        if firing:
            self._person.page(*firing)
