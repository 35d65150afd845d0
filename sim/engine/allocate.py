"""The compiled engine's arrays at the start of a run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.balancers import BALANCERS
from sim.engine.balancing import balancing
from sim.engine.edges import Edge, Graph, graph_of, holds_worker, place, timeouts_of
from sim.engine.endpoints import endpoint_arrays
from sim.engine.fates import no_fates
from sim.engine.fault_pods import pods_met
from sim.engine.hops import network_arrays
from sim.engine.laws import Floats, encode
from sim.engine.layout import (
    ANY_LOAD,
    BALANCER,
    BASE_EJECTION,
    BUCKET_FIELDS,
    BUDGET,
    BY_REQUESTS,
    CALL_FIELDS,
    CALL_ROOM,
    CALL_ROW_FIELDS,
    CALL_ROW_ROOM,
    CONNECT_TIMEOUT,
    DECAY_SECONDS,
    EJECTION_FIELDS,
    EJECTION_ROOM,
    EVERYONE,
    FAULT_FIELDS,
    FILL_SECONDS,
    FIRST_PODS,
    FIRST_ROOM,
    FREE_CALLS,
    FREE_TRIPS,
    FREE_WORKERS,
    HAS_BUDGET,
    HAS_CONNECTIONS,
    HAS_NETWORK,
    HAS_OUTLIERS,
    HAS_RATES,
    HAS_WARMUP,
    HEAP_FIELDS,
    HEAP_ROOM,
    LIMITS_PODS,
    LIMITS_PROXY,
    LONG_AGO,
    LONGEST_EJECTION,
    LOSS,
    MIN_HEALTH,
    MIN_RETRYING,
    MOST_5XX,
    MOST_CONNECTIONS,
    MOST_EJECTED,
    MOST_GATEWAY,
    MOST_LOCAL,
    MOST_PENDING,
    MOST_REQUESTS,
    MOST_RETRYING,
    MOST_TOKENS,
    NEVER_AGAIN,
    NEWS_HEAD,
    NEWS_TAIL,
    NEXT_ARRIVAL,
    NO_LAW,
    NOBODY,
    PER_ATTEMPT,
    PER_REQUEST,
    PER_USER,
    PERCENTAGE_HOSTS,
    PERCENTAGE_THRESHOLD,
    PERCENTAGE_VOLUME,
    POD_FIELDS,
    POD_ROOM,
    POOLS,
    RATE_FACTOR,
    RATE_HOSTS,
    RATE_VOLUME,
    REQUESTS,
    RING_FIELDS,
    RING_ROOM,
    ROUTED,
    ROW_FIELDS,
    ROW_ROOM,
    SLOT_FIELDS,
    SPLITS,
    TICK_SECONDS,
    TIMEOUT_SECONDS,
    TOKENS_PER_FILL,
    TRIP_FIELDS,
    TRY_RINGS,
    VERSIONS,
    WARMUP_LEAST,
    WARMUP_POWER,
    WARMUP_SECONDS,
    WORKER_FIELDS,
)
from sim.engine.pools import allocate_pools
from sim.engine.priorities import UNLIMITED, priority_arrays
from sim.engine.protocol import STATUS_CODES, PlaneConfig, Reason, Requests
from sim.engine.retries import retried_reasons, retried_statuses
from sim.engine.state import PtrState
from sim.engine.users import user_arrays
from sim.spec.distributions import Law
from sim.spec.fault import Fault
from sim.spec.mesh import Ewma, Mesh, OutlierDetection
from sim.spec.service import ResolvedVersion

Arrays = dict[str, NDArray[Any]]
DRAWN_PER = {"attempt": PER_ATTEMPT, "request": PER_REQUEST, "user": PER_USER}


def empty(fields: dict[str, type], room: int) -> Arrays:
    """Return arrays of zeros by field."""
    return {name: np.zeros(room, item) for name, item in fields.items()}


def stack(room: int) -> NDArray[np.int64]:
    """Return free places, the lowest on top."""
    return np.arange(room, dtype=np.int64)[::-1].copy()


def allocate(config: PlaneConfig) -> PtrState:
    """Return the state of a data plane at its start, without pods and routes."""
    requests, versions, graph = config.requests, len(config.versions), graph_of(config)
    arrays: Arrays = {
        **_scalars(config, graph),
        **_graph(graph),
        **_requests(requests, config.mesh),
        **_versions(config.versions, requests.segments),
        **user_arrays(requests),
        **priority_arrays(requests, FIRST_PODS),
        **endpoint_arrays(requests, config.versions),
        **network_arrays(config.mesh),
        **allocate_pools(versions + len(graph.services) + 1, FIRST_PODS, config.mesh, config.start),
        **_routes(versions, len(requests.segments)),
        **empty(CALL_FIELDS, FIRST_ROOM),
        **empty(WORKER_FIELDS, FIRST_ROOM),
        **empty(HEAP_FIELDS, FIRST_ROOM),
        **empty(EJECTION_FIELDS, FIRST_ROOM),
        **empty(POD_FIELDS, FIRST_PODS),
        **empty(SLOT_FIELDS, 2 * FIRST_PODS),
        **empty(BUCKET_FIELDS, FIRST_PODS + 1),
        **{name: np.empty(len(requests.arrival) + FIRST_ROOM, item) for name, item in ROW_FIELDS.items()},
        **no_fates(),
        **empty(CALL_ROW_FIELDS, _first_call_rows(graph)),
        "free_call": stack(FIRST_ROOM),
        "free_worker": stack(FIRST_ROOM),
        "free_trip_slot": stack(FIRST_ROOM),
        **empty(TRIP_FIELDS, FIRST_ROOM),
    }
    arrays["bucket_tokens"][0] = arrays["iv"][MOST_TOKENS]
    arrays["bucket_from"][0] = config.start
    arrays["worker_pod"][:] = arrays["call_child"][:] = -1
    arrays["worker_due"][:] = math.nan
    arrays["heap_time"][0] = math.inf
    return PtrState(**arrays)


def _first_call_rows(graph: Graph) -> int:
    """Return room for the rows of calls; without any calls, for none."""
    return 3 * FIRST_ROOM if any(graph.calls) else 0


def _scalars(config: PlaneConfig, graph: Graph) -> Arrays:
    arrival, mesh = config.requests.arrival, config.mesh
    integers, floats = np.zeros(64, np.int64), np.zeros(32)
    follow = config.requests.reactions
    versions, services = len(config.versions), len(graph.services)
    integers[[REQUESTS, VERSIONS]] = len(arrival) if follow is None else follow.roots, versions
    integers[[NOBODY, POOLS]] = versions + services, versions + services + 1
    integers[[ROUTED, NEWS_HEAD, NEWS_TAIL]] = graph.routed, -1, -1
    integers[[FREE_CALLS, FREE_WORKERS, FREE_TRIPS, HEAP_ROOM, EJECTION_ROOM, RING_ROOM, CALL_ROOM]] = FIRST_ROOM
    integers[TRY_RINGS] = len(timeouts_of(graph)[0])
    integers[CALL_ROW_ROOM] = _first_call_rows(graph)
    integers[POD_ROOM], integers[ROW_ROOM] = FIRST_PODS, len(arrival) + FIRST_ROOM
    floats[NEXT_ARRIVAL] = arrival[0] if integers[REQUESTS] else math.inf
    floats[TIMEOUT_SECONDS] = graph.entry.timeout
    integers[MOST_RETRYING] = UNLIMITED
    integers[BALANCER] = BALANCERS[mesh.load_balancer if mesh else "random"].code
    if mesh is not None:
        _set_mesh(mesh, integers, floats)
    return {"iv": integers, "fv": floats}


def _set_mesh(mesh: Mesh, integers: NDArray[np.int64], floats: NDArray[np.float64]) -> None:
    floats[DECAY_SECONDS] = mesh.ewma.decay_time if mesh.ewma else Ewma().decay_time
    if (warmup := mesh.warmup) is not None:
        integers[[HAS_WARMUP, BY_REQUESTS]] = 1, mesh.load_balancer == "leastRequest"
        floats[[WARMUP_SECONDS, WARMUP_POWER]] = warmup.duration, 1.0 / warmup.aggression
        floats[WARMUP_LEAST] = warmup.minimum_percent / 100
    if mesh.network is not None:
        integers[HAS_NETWORK] = 1
        floats[[LOSS, CONNECT_TIMEOUT]] = mesh.network.loss, mesh.connect_timeout
    if (limit := mesh.rate_limit) is not None:
        integers[LIMITS_PODS if limit.per == "pod" else LIMITS_PROXY] = 1
        integers[[MOST_TOKENS, TOKENS_PER_FILL]] = limit.max_tokens, limit.tokens_per_fill
        floats[FILL_SECONDS] = limit.fill_interval
    if mesh.retry_budget is not None:
        integers[[HAS_BUDGET, MIN_RETRYING]] = 1, mesh.retry_budget.min_retry_concurrency
        floats[BUDGET] = mesh.retry_budget.percent / 100
    if mesh.connection_pool is not None:
        limits = mesh.connection_pool.http
        integers[MOST_REQUESTS] = limits.http2_max_requests or 0
        if limits.max_retries is not None:
            integers[MOST_RETRYING] = limits.max_retries
        if (most := mesh.connection_pool.tcp.max_connections) is not None:
            integers[[HAS_CONNECTIONS, MOST_CONNECTIONS]] = 1, most
            integers[MOST_PENDING] = limits.http1_max_pending_requests or UNLIMITED
    if mesh.outlier_detection is not None:
        _set_ejection(mesh.outlier_detection, integers, floats)


def _set_ejection(rule: OutlierDetection, integers: NDArray[np.int64], floats: NDArray[np.float64]) -> None:
    integers[[HAS_OUTLIERS, MOST_5XX, MOST_GATEWAY]] = 1, rule.consecutive_5xx_errors, rule.consecutive_gateway_errors
    integers[[SPLITS, MOST_LOCAL]] = rule.split_external_local_origin_errors, rule.consecutive_local_origin_failures
    floats[TICK_SECONDS], floats[BASE_EJECTION] = rule.interval, rule.base_ejection_time
    floats[[LONGEST_EJECTION, MOST_EJECTED]] = rule.longest_ejection, rule.max_ejection_percent
    floats[MIN_HEALTH] = rule.min_health_percent
    integers[[RATE_HOSTS, RATE_VOLUME, PERCENTAGE_HOSTS, PERCENTAGE_VOLUME]] = UNLIMITED
    if (rate := rule.success_rate) is not None:
        integers[[HAS_RATES, RATE_HOSTS, RATE_VOLUME]] = 1, rate.minimum_hosts, rate.request_volume
        floats[RATE_FACTOR] = rate.stdev_factor / 1000
    if (share := rule.failure_percentage) is not None:
        integers[[HAS_RATES, PERCENTAGE_HOSTS, PERCENTAGE_VOLUME]] = 1, share.minimum_hosts, share.request_volume
        floats[PERCENTAGE_THRESHOLD] = share.threshold


def _requests(requests: Requests, mesh: Mesh | None) -> Arrays:
    rules = balancing(mesh, requests)
    return {
        "key": np.array([requests.seed, requests.replication], np.uint64),
        "choices": np.array([rules.choices], np.int64),
        "ring_least": np.array([rules.ring_size], np.int64),
        "salt": np.array([rules.salt], np.int64),
        "arrival": requests.arrival,
        "request_user": requests.user,
        "user_segment": requests.segment_of_user,
        "user_sticky": requests.sticky_of_user,
        "request_call": np.full(len(requests.arrival) + 1, -1, np.int64),
    }


def _graph(graph: Graph) -> Arrays:
    """Return who calls whom and by which rules: edge 0 is the users', then come the versions' in order."""
    edges = [graph.entry, *itertools.chain.from_iterable(graph.calls)]
    last = 1 + np.cumsum([len(calls) for calls in graph.calls])
    services = len(graph.services)
    first_version = [graph.service_of.index(service) for service in range(services)]
    versions = len(graph.service_of)
    return {
        "service_version": np.array(first_version, np.int64),
        "service_in_flight": np.zeros(services, np.int64),
        "service_retrying": np.zeros(services, np.int64),
        "version_whole": versions + np.array(graph.service_of, np.int64),
        "version_calls": np.array([len(calls) for calls in graph.calls], np.int64),
        "version_edges_from": np.array([1, *last[:-1]], np.int64),
        "version_edges_to": last.astype(np.int64),
        "edge_service": np.array([edge.service for edge in edges], np.int64),
        "edge_number": np.array([edge.number for edge in edges], np.int64),
        "edge_stage": np.array([edge.stage for edge in edges], np.int64),
        "edge_probability": np.array([edge.probability for edge in edges]),
        "edge_required": np.array([edge.required for edge in edges], np.int64),
        "edge_retries": np.array([edge.retries.attempts for edge in edges], np.int64),
        "edge_backoff": np.array([edge.retries.backoff for edge in edges], np.float64),
        **_retried(edges),
        **_rings(graph),
    }


def _retried(edges: Sequence[Edge]) -> Arrays:
    """Return what each edge tries again, edge by edge."""
    reasons, statuses = [], []
    for edge in edges:
        listed, numbers = retried_reasons(edge.retries.retry_on), retried_statuses(edge.retries.retry_on)
        reasons += [reason in listed for reason in Reason]
        statuses += [status in numbers for status in range(STATUS_CODES)]
    return {"retried_reason": np.array(reasons, np.int8), "retried_status": np.array(statuses, np.int8)}


def _rings(graph: Graph) -> Arrays:
    """Return a ring for each length of a timeout, and which ring each edge's are in (-1: none)."""
    edges = [graph.entry, *itertools.chain.from_iterable(graph.calls)]
    of_tries, of_calls = timeouts_of(graph)
    return {
        "edge_try_ring": np.array([place(of_tries, edge.retries.per_try_timeout) for edge in edges], np.int64),
        # The users' requests wait in the order in which they arrive.
        "edge_whole_ring": np.array(
            [-1, *(place(of_calls, edge.timeout, len(of_tries)) for edge in edges[1:])], np.int64
        ),
        "ring_seconds": np.array([*of_tries, *of_calls, 0.0]),
        **{
            name: np.zeros(len(of_tries) + len(of_calls) + 1, np.int64)
            for name in ("ring_head", "ring_tail", "ring_waits")
        },
        **empty(RING_FIELDS, (len(of_tries) + len(of_calls)) * FIRST_ROOM),
    }


def _routes(versions: int, segments: int) -> Arrays:
    return {
        "route_choices": np.zeros(1, np.int64),
        "route_cumulative": np.zeros(versions + 1),
        "route_version": np.zeros(versions + 1, np.int64),
        "match_version": np.full(segments + 1, -1, np.int64),
        "mirror_version": np.full(1, -1, np.int64),
        "mirror_percent": np.zeros(1),
        "kept_version": np.full(1, -1, np.int64),
        "user_kept": np.zeros(1, np.int8),
    }


class _Tables:
    """The tables of all laws, one after another."""

    def __init__(self) -> None:
        self._tables: list[Floats] = []
        self._length = 0

    def add(self, law: Law) -> tuple[int, float, float, int]:
        """Return code, parameters and the place of the table."""
        code = encode(law)
        place = self._length
        self._tables.append(code.table)
        self._length += len(code.table)
        return code.law, code.a, code.b, place

    def joined(self) -> Floats:
        return np.concatenate([*self._tables, np.zeros(1)])


def _versions(versions: tuple[ResolvedVersion, ...], segments: tuple[str, ...]) -> Arrays:
    tables = _Tables()
    laws = np.array([tables.add(version.latency) for version in versions], np.float64)
    last_faults = np.cumsum([len(version.faults) for version in versions])
    faults = _faults(versions, segments, tables)
    queues = [UNLIMITED if version.queue_capacity is None else version.queue_capacity for version in versions]
    return {
        "version_law": laws[:, 0].astype(np.int64),
        "version_a": laws[:, 1].copy(),
        "version_b": laws[:, 2].copy(),
        "version_table": laws[:, 3].astype(np.int64),
        "version_error": np.array([version.error_rate for version in versions]),
        "version_workers": np.array([version.concurrency for version in versions], np.int64),
        "version_shares": np.array([version.discipline == "processorSharing" for version in versions], np.int64),
        "version_queue": np.array(queues, np.int64),
        "version_holds": np.array([holds_worker(version) for version in versions], np.int64),
        "version_faults_from": np.array([0, *last_faults[:-1]], np.int64),
        "version_faults_to": last_faults.astype(np.int64),
        **faults,
        "law_table": tables.joined(),
    }


def _faults(versions: tuple[ResolvedVersion, ...], segments: tuple[str, ...], tables: _Tables) -> Arrays:
    rows = [_fault(fault, segments, tables) for version in versions for fault in version.faults]
    columns = zip(*rows, strict=True) if rows else ((0,) for _ in FAULT_FIELDS)
    return {name: np.array(column, item) for (name, item), column in zip(FAULT_FIELDS.items(), columns, strict=True)}


def _fault(fault: Fault, segments: tuple[str, ...], tables: _Tables) -> tuple[float, ...]:
    """Return one fault in the order of FAULT_FIELDS."""
    begins = LONG_AGO if fault.is_lasting else fault.at or 0.0
    pods, luck = pods_met(fault)
    cold, half_life = (fault.cold_start.factor, fault.cold_start.half_life) if fault.cold_start else (1.0, 1.0)
    no_law = (NO_LAW, 0.0, 0.0, 0)
    return (
        EVERYONE if fault.segment is None else segments.index(fault.segment),
        1.0 if fault.user_share is None else fault.user_share,
        pods,
        luck,
        fault.pod_age or 0.0,
        ANY_LOAD if fault.above_utilization is None else fault.above_utilization,
        begins,
        math.inf if fault.for_ is None else fault.for_,
        fault.every or NEVER_AGAIN,
        fault.ramp_up or 0.0,
        fault.error_rate,
        DRAWN_PER[fault.drawn_per],
        fault.status_code,
        fault.latency_factor,
        cold,
        half_life,
        *(no_law if fault.extra_latency is None else tables.add(fault.extra_latency)),
        *(no_law if fault.error_latency is None else tables.add(fault.error_latency)),
    )
