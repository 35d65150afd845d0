"""Checks of who calls whom, on plain values: services that exist, no circle, and no more than a call's path can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sim.scenario.document import Path, short
from sim.scenario.finding import Finding
from sim.spec.call import MOST_CALLS, MOST_LEVELS
from sim.spec.model import did_you_mean

Services = dict[str, Any]


class Called(NamedTuple):
    """A call as it is written: where, and of whom."""

    path: Path
    service: str
    times: int


def check(spec: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the calls between services."""
    services = spec.get("services")
    if not isinstance(services, dict):
        return
    callers = {name: list(_lists(name, service)) for name, service in services.items()}
    known = list(services)
    for lists in callers.values():
        for path, calls in lists:
            yield from _unknown(calls, known)
            yield from _too_many(path, calls)
    yield from _deep(callers)
    if any(calls for lists in callers.values() for _, calls in lists):
        yield from _connections(spec)


def _lists(name: str, service: Any) -> Iterator[tuple[Path, list[Called]]]:
    """Yield each list of calls of a service: its own, and those of its versions."""
    path: Path = ("spec", "services", name)
    yield (*path, "calls"), list(_calls((*path, "calls"), service))
    versions = service.get("versions") if isinstance(service, dict) else None
    for version, keys in (versions if isinstance(versions, dict) else {}).items():
        place = (*path, "versions", version, "calls")
        yield place, list(_calls(place, keys))


def _calls(path: Path, keys: Any) -> Iterator[Called]:
    calls = keys.get("calls") if isinstance(keys, dict) else None
    for index, call in enumerate(calls if isinstance(calls, list) else []):
        service = call.get("service") if isinstance(call, dict) else None
        count = call.get("count", 1) if isinstance(call, dict) else 1
        if isinstance(service, str):
            yield Called((*path, index, "service"), service, count if isinstance(count, int) else 1)


def _unknown(calls: list[Called], known: list[str]) -> Iterator[Finding]:
    for call in calls:
        if call.service not in known:
            hint = did_you_mean(call.service, known)
            yield Finding(call.path, f"is the unknown service '{short(call.service)}'{hint}")


def _too_many(path: Path, calls: list[Called]) -> Iterator[Finding]:
    made = sum(call.times for call in calls)
    if made > MOST_CALLS:
        yield Finding(path, f"are {made} calls; must be at most {MOST_CALLS} for one request, each count included")


def _deep(callers: dict[str, list[tuple[Path, list[Called]]]]) -> Iterator[Finding]:
    """Yield circles, and chains that are too long; each service is looked at once."""
    levels: dict[str, int] = {}

    def walk(name: str, above: tuple[str, ...]) -> Iterator[Finding]:
        chain, levels[name] = (*above, name), 1
        for call in (call for _, calls in callers[name] for call in calls if call.service in callers):
            if call.service in chain:
                circle = " calls ".join((*chain[chain.index(call.service) :], call.service))
                yield Finding(call.path, f"closes a circle: {circle}; must be a service that does not call back")
                continue
            if call.service not in levels:
                yield from walk(call.service, chain)
            levels[name] = max(levels[name], levels[call.service] + 1)
            if levels[call.service] == MOST_LEVELS:
                yield Finding(call.path, f"makes a chain of {MOST_LEVELS + 1} services; must be at most {MOST_LEVELS}")

    for name in callers:
        if name not in levels:
            yield from walk(name, ())


def _connections(spec: dict[str, Any]) -> Iterator[Finding]:
    mesh = spec.get("mesh")
    pool = mesh.get("connectionPool") if isinstance(mesh, dict) else None
    tcp = pool.get("tcp") if isinstance(pool, dict) else None
    if isinstance(tcp, dict) and "maxConnections" in tcp:
        path: Path = ("spec", "mesh", "connectionPool", "tcp", "maxConnections")
        yield Finding(path, "is not simulated where services call each other; must be left out")
