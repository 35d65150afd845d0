"""Which services are called, and what those who call them know."""

from __future__ import annotations

from dataclasses import fields

from sim.engine.protocol import Calls, Reason
from sim.spec.service import ResolvedVersion


def services_of(versions: tuple[ResolvedVersion, ...]) -> tuple[str, ...]:
    """Return the services by number, the one that users call first."""
    return tuple(dict.fromkeys(version.service for version in versions))


def called_services(versions: tuple[ResolvedVersion, ...]) -> frozenset[str]:
    """Return the service that users call, and all that are called for it."""
    found, added = frozenset[str](), frozenset({versions[0].service})
    while added:
        found |= added
        calls = (call.service for version in versions if version.service in added for call in version.calls)
        added = frozenset(calls) - found
    return found


def calls_to(calls: Calls, service: int) -> Calls:
    """Return the calls of one service, without those whose callers have ended and heard no answer."""
    kept = (calls.service == service) & (calls.reason != Reason.CANCELLED)
    return Calls(**{field.name: getattr(calls, field.name)[kept] for field in fields(Calls)})


def calls_per_request(versions: tuple[ResolvedVersion, ...], service: str) -> float:
    """Return how often a service is called for one request of a user, when all goes well and first versions serve."""
    first = {version.service: version for version in reversed(versions)}

    def made_by(caller: str) -> float:
        if caller == service:
            return 1.0
        return sum(call.count * call.probability * made_by(call.service) for call in first[caller].calls)

    return made_by(versions[0].service)
