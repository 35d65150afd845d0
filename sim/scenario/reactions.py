"""Whether what users do fits the traffic that they are."""

from __future__ import annotations

from sim.spec.model import PlacedError
from sim.spec.traffic import Traffic
from sim.spec.users import Users


def check_reactions(users: Users, traffic: Traffic) -> None:
    """Refuse sessions of what is no stream of new users, and more callers than users.

    Raises:
        PlacedError: where, and what it must be.
    """
    source = "a trace" if traffic.trace is not None else "a closed loop"
    if users.sessions is not None and (traffic.trace is not None or traffic.closed_loop is not None):
        raise PlacedError(
            ("users", "sessions"), f"begin with a rate, and the requests are those of {source}; leave it out"
        )
    loop = traffic.closed_loop
    if loop is not None and loop.callers > users.count:
        message = f"is {loop.callers}; must be at most users.count, {users.count}: each is a user of its own"
        raise PlacedError(("traffic", "closedLoop", "callers"), message)
