"""Who calls whom in a data plane, and by which rules: the edges of the call graph, the users' own first.

A call's path is its parent's path << 8 | the parent's attempt (from 0) << 4 | its number (from 1) among the calls of
one attempt; the path of a user's own request is 0. So it is exact for 8 levels of services, 15 calls of an attempt and
15 retries, and the scenario's loader refuses more.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from sim.engine.called import services_of
from sim.engine.protocol import PlaneConfig
from sim.spec.call import ServiceCall
from sim.spec.mesh import Mesh, Retries
from sim.spec.service import ResolvedVersion

LEVEL_BITS, ATTEMPT_BITS = 8, 4
NEVER = Retries(attempts=0)


class Edge(NamedTuple):
    """One call. number: among those of its caller, from 1 (0: the users'). stage: calls of one stage start together."""

    service: int
    number: int
    stage: int
    probability: float
    required: bool
    timeout: float
    retries: Retries


class Graph(NamedTuple):
    """services: names by number, the entry first. service_of: by version. calls: the edges from each version."""

    services: tuple[str, ...]
    service_of: tuple[int, ...]
    entry: Edge
    calls: tuple[tuple[Edge, ...], ...]
    routed: int


def graph_of(config: PlaneConfig) -> Graph:
    """Return the call graph of a data plane."""
    services = services_of(config.versions)
    return Graph(
        services,
        tuple(services.index(version.service) for version in config.versions),
        Edge(0, 0, 0, 1.0, True, _timeout(None, config.mesh), _retries(None, config.mesh)),
        tuple(_calls(version, services, config.mesh) for version in config.versions),
        0 if config.routed is None else services.index(config.routed),
    )


def holds_worker(version: ResolvedVersion) -> bool:
    """Return whether a worker waits for the calls of its request; where requests share cores, who waits needs none."""
    return version.worker_held and version.discipline == "fifo"


def path_of(parent: int, attempt: int, number: int) -> int:
    """Return the path of a call."""
    return parent << LEVEL_BITS | attempt << ATTEMPT_BITS | number


def timeouts_of(graph: Graph) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the lengths of timeouts, the shortest first: of attempts, and of whole calls between services."""
    edges = list(itertools.chain.from_iterable(graph.calls))
    of_tries = {edge.retries.per_try_timeout for edge in (graph.entry, *edges)}
    return tuple(sorted(filter(None, of_tries))), tuple(sorted({edge.timeout for edge in edges} - {math.inf}))


def place(lengths: tuple[float, ...], length: float | None, first: int = 0) -> int:
    """Return the number of a timeout's ring, counted from `first`; -1 where there is no timeout."""
    return first + lengths.index(length) if length in lengths else -1


def _calls(version: ResolvedVersion, services: tuple[str, ...], mesh: Mesh | None) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    stage, is_open = 0, False
    for call in version.calls:
        for _ in range(call.count):
            stage += not (call.parallel and is_open)
            is_open = call.parallel
            number, timeout, retries = len(edges) + 1, _timeout(call, mesh), _retries(call, mesh)
            called = services.index(call.service)
            edges.append(Edge(called, number, stage, call.probability, call.required, timeout, retries))
    return tuple(edges)


def _timeout(call: ServiceCall | None, mesh: Mesh | None) -> float:
    own = call.timeout if call is not None else None
    of_mesh = mesh.timeout if mesh is not None else None
    return own or of_mesh or math.inf


def _retries(call: ServiceCall | None, mesh: Mesh | None) -> Retries:
    if call is not None and call.retries is not None:
        return call.retries
    return NEVER if mesh is None else mesh.retries
