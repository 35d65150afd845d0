"""Small data planes for tests: what is served, by which pods, and what the control plane does meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from sim.engine import build, draw_requests
from sim.engine.protocol import Answers, Calls, Engine, PlaneConfig, Reason, Requests, Route
from sim.spec.mesh import Mesh
from sim.spec.service import ResolvedVersion, Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users

ALL_TO_FIRST = Route(weights=((0, 100.0),))
BARE_MESH = Mesh(load_balancer="roundRobin", retries={"attempts": 0})


@dataclass(frozen=True)
class Move:
    """At a moment the control plane does one thing: `verb` is a method of the engine."""

    at: float
    verb: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Setup:
    """pods: number of ready pods by version at the start. moves: in order of time. routed: the service of the route."""

    requests: Requests
    versions: tuple[ResolvedVersion, ...]
    pods: tuple[int, ...] = (1,)
    mesh: Mesh | None = BARE_MESH
    route: Route = ALL_TO_FIRST
    moves: Sequence[Move] = field(default=())
    routed: str | None = None

    def but(self, **changes: Any) -> Setup:
        return replace(self, **changes)


def versions(*own: dict[str, Any], **common: Any) -> tuple[ResolvedVersion, ...]:
    """Return versions of one service, numbered in order."""
    names = [f"v{number}" for number in range(len(own) or 1)]
    service = Service(**common, versions=dict(zip(names, own or ({},), strict=True)))
    return tuple(service.resolved(name) for name in names)


def graph(**services: dict[str, Any]) -> tuple[ResolvedVersion, ...]:
    """Return the versions of services that may call each other, the entry first; `own`: what differs by version."""
    found: list[ResolvedVersion] = []
    for service, keys in services.items():
        common = {key: value for key, value in keys.items() if key != "own"}
        own = {f"v{number}": more for number, more in enumerate(keys.get("own", ({},)))}
        named = Service(**common, versions=own).called(service)
        found += [named.resolved(version) for version in named.versions]
    return tuple(found)


def drawn(rate: float = 100.0, duration: float = 10.0, seed: int = 1, replication: int = 0, **more: Any) -> Requests:
    """Return Poisson requests of 200 users; testers are 20 of them."""
    users = more.pop("users", Users(count=200, segments={"testers": {"count": 20}}))
    return draw_requests(Traffic(rate=rate, **more), users, None, seed, replication, 0.0, duration)


def at(*moments: float, seed: int = 1) -> Requests:
    """Return requests at given moments."""
    requests = drawn(rate=len(moments) * 10.0 + 100.0, duration=10.0, seed=seed)
    n = len(moments)
    return replace(
        requests,
        arrival=np.array(moments, np.float64),
        user=requests.user[:n].copy(),
        conversion=requests.conversion[:n].copy(),
    )


def on_grid(requests: Requests, step: float) -> Requests:
    """Return the same requests, each at a multiple of a step: many arrive at once."""
    return replace(requests, arrival=np.round(requests.arrival / step) * step)


def started(kind: str | Engine, setup: Setup) -> Engine:
    """Return the data plane, by its kind or as it was built, with its first pods ready."""
    config = PlaneConfig(setup.versions, setup.requests, setup.mesh, setup.route, 0.0, setup.routed)
    engine = build(kind, config) if isinstance(kind, str) else kind  # type: ignore[arg-type]
    pod = 0
    for version, count in enumerate(setup.pods):
        for _ in range(count):
            engine.add_pod(pod, version)
            engine.listen(pod, -math.inf)
            engine.add_endpoint(pod)
            pod += 1
    return engine


def served(kind: str | Engine, setup: Setup, extra: Sequence[float] = ()) -> Engine:
    """Return the data plane after all moves and requests; extra: moments at which time is advanced for nothing."""
    engine = started(kind, setup)
    pauses = [Move(moment, "load") for moment in extra]
    for move in sorted([*setup.moves, *pauses], key=lambda move: move.at):
        engine.advance(move.at)
        getattr(engine, move.verb)(*move.arguments)
    engine.advance(math.inf)
    return engine


def answers(kind: str, setup: Setup, extra: Sequence[float] = ()) -> Answers:
    """Return the rows after all moves and requests."""
    return served(kind, setup, extra).answers()


def columns(given: Answers | Calls) -> dict[str, bytes]:
    """Return every column as bytes."""
    return {name.name: getattr(given, name.name).tobytes() for name in fields(given)}


def rows(given: Answers, *names: str) -> list[tuple[Any, ...]]:
    """Return some columns row by row; reasons by name."""
    values = [getattr(given, name).tolist() for name in names]
    place = names.index("reason") if "reason" in names else -1
    return [
        tuple(Reason(value).name if i == place else value for i, value in enumerate(row))
        for row in zip(*values, strict=True)
    ]
