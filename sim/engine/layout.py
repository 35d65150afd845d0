"""What the compiled engine's state holds: names of its scalars, codes of its events, and its arrays.

Events in the heap are (time, code); among equal times the smaller code is first, so a code is also the tie rule:

    DONE     request, worker slot           completions, in order of request; see below
    FOLLOW   request                        one that follows an answer arrives (the others come before)
    HOP      request, trip                  a request has come to its pod, or an answer to the proxy
    RETURN   pod                            ejected pods come back
    TICK                                    the mesh looks at the rates of all pods
    TIMEOUT                                 of the request, from its arrival; 1 + ring: of calls between services; then
                                            OWN or LEAVING, and its number: of a request that follows an answer; the
                                            user's patience ends
    PER_TRY  ring                           of an attempt
    BACKOFF  retry, request, call slot      a retry begins

Completions, hops and retries of one request at one instant are in the order of `order_of`: a copy after its original,
then by the path of the call and the attempt.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.protocol import Reason
from sim.spec.reaction import ABANDONED_STATUS

# Integer scalars: counts and cursors, rooms, settings.
(
    HEAP_SIZE, HOLE, NEXT_REQUEST, REQUESTS, FREE_CALLS, FREE_WORKERS, ROWS, EJECTIONS, GROW,
    TIMEOUT_HEAD, TIMEOUT_WAITS, NEWS_HEAD, NEWS_TAIL, HELD, CALL_ROWS, CALL_ROW_ROOM,
    HEAP_ROOM, ROW_ROOM, EJECTION_ROOM, RING_ROOM, POD_ROOM, CALL_ROOM, TRY_RINGS,
    BALANCER, HAS_BUDGET, MIN_RETRYING, VERSIONS, NOBODY, POOLS, ROUTED, BY_PODS, STICKY, MATCHES,
    HAS_OUTLIERS, MOST_5XX, MOST_GATEWAY, MOST_LOCAL, SPLITS, HAS_RATES, TICK_WAITS, PODS,
    RATE_HOSTS, RATE_VOLUME, PERCENTAGE_HOSTS, PERCENTAGE_VOLUME,
    MOST_REQUESTS, MOST_RETRYING,
    HAS_WARMUP, BY_REQUESTS,
    HAS_CONNECTIONS, MOST_CONNECTIONS, MOST_PENDING, PENDING_CALLS, PENDING_ROOM,
    LIMITS_PROXY, LIMITS_PODS, MOST_TOKENS, TOKENS_PER_FILL,
    HAS_NETWORK, FREE_TRIPS,
) = range(60)  # fmt: skip

# Float scalars.
(
    NEXT_ARRIVAL, TIMEOUT_SECONDS, BUDGET,
    TICK_SECONDS, BASE_EJECTION, LONGEST_EJECTION, MOST_EJECTED, MIN_HEALTH, RATE_FACTOR, PERCENTAGE_THRESHOLD,
    DECAY_SECONDS,
    WARMUP_SECONDS, WARMUP_POWER, WARMUP_LEAST,
    FILL_SECONDS,
    LOSS, CONNECT_TIMEOUT,
) = range(17)  # fmt: skip

DONE, FOLLOW, HOP, RETURN, TICK, TIMEOUT, PER_TRY, BACKOFF = range(8)
KIND_SHIFT = 60
OWN, LEAVING = 1 << 40, 1 << 41
SLOT_BITS, REQUEST_BITS = 24, 32
REQUEST_MASK = (1 << REQUEST_BITS) - 1
AFTER_ARRIVALS = FOLLOW << KIND_SHIFT
INDEX_MASK = (1 << KIND_SHIFT) - 1
SLOT_MASK = (1 << SLOT_BITS) - 1

FREE, WAITING, RUNNING, IN_BACKOFF, PENDING, CALLING, ANSWERED, LOST, LEFT, OUTWARD, HOMEWARD = range(11)
"""Of a call. PENDING: it waits for a connection. CALLING: its own work is done, it waits for what it has called.
ANSWERED: its caller has not yet heard. LOST: at a killed pod, to be reset now. LEFT: over, and free as soon as its
back-off has left the heap. OUTWARD, HOMEWARD: on the network.
"""


def _word(value: int) -> int:
    """Return a number as np.int64.

    NOTE: Numba compiles a function once for each kind of integer, and once more for each place that hands it a plain
    number. So what is handed to functions is np.int64, as the arrays are.
    """
    number: Any = np.int64(value)
    return number  # type: ignore[no-any-return]


(
    OK, ERROR, SHED, TIMED_OUT, RESET, REFUSED, NO_ENDPOINT, CIRCUIT_OPEN, ABANDONED, RATE_LIMITED,
    DEPENDENCY, CANCELLED,
) = (_word(reason) for reason in Reason)  # fmt: skip
HTTP_OK, HTTP_CANCELLED, HTTP_ERROR, HTTP_UNAVAILABLE, HTTP_TIMEOUT = (
    _word(status) for status in (200, 499, 500, 503, 504)
)
HTTP_ABANDONED = _word(ABANDONED_STATUS)
HTTP_TOO_MANY = _word(429)
REASONS = len(Reason)
USERS, MIRRORED, ORPHAN = _word(-1), _word(-2), _word(-3)
"""Instead of a caller: a user waits, nobody waits (a mirrored copy), nobody waits any more."""

NO_WORKER = _word(-1)
ENTRY_EDGE, ENTRY_PATH = _word(0), _word(0)
ORIGINAL, COPY = _word(0), _word(1)
MORE, LESS = _word(1), _word(-1)
EXTERNAL, LOCAL = _word(0), _word(1)
NO_SLOT = _word(-1)
PROXY_BUCKET = _word(0)
EJECTED, RETURNED = _word(0), _word(1)

NEAR_FULL = 256
"""Who comes this near to the end of a room asks for more before the next event; one event needs less: at most 15 calls
and as many copies at each of seven levels.
"""

EVERYONE, NO_LAW = -1, -1  # a fault without segment or endpoint; without extra latency, or one of its errors
LONG_AGO = -1e300  # when a fault began that is always there: any duration can be added to it
NEVER_AGAIN, ANY_LOAD = 0.0, -1.0  # a fault that does not come back; that does not depend on the load
PER_ATTEMPT, PER_REQUEST, PER_USER = range(3)  # what an error is drawn for

FIRST_ROOM = 2048
FIRST_PODS = 64

CALL_FIELDS: dict[str, type] = {
    "call_request": np.int64, "call_copy": np.int64, "call_state": np.int64, "call_attempt": np.int64,
    "call_generation": np.int64, "call_version": np.int64, "call_pool": np.int64, "call_pod": np.int64,
    "call_worker": np.int64, "call_next": np.int64, "call_previous": np.int64, "call_status": np.int64,
    "call_start": np.float64, "call_u_service": np.float64, "call_u_error": np.float64,
    "call_u_extra": np.float64, "call_u_jitter": np.float64, "call_sent": np.float64,
    "call_edge": np.int64, "call_parent": np.int64, "call_path": np.int64, "call_at": np.float64,
    "call_reason": np.int64, "call_life": np.int64, "call_in_heap": np.int64, "call_next_edge": np.int64,
    "call_pending": np.int64, "call_child": np.int64, "call_older": np.int64, "call_younger": np.int64,
    "call_u_back": np.float64, "call_trip": np.int64,
}  # fmt: skip
TRIP_FIELDS: dict[str, type] = {"trip_call": np.int64, "trip_generation": np.int64, "trip_order": np.int64}
WORKER_FIELDS: dict[str, type] = {
    "worker_call": np.int64, "worker_pod": np.int64, "worker_due": np.float64, "worker_code": np.int64,
    "worker_order": np.int64, "worker_end": np.float64, "worker_child": np.int64, "worker_sibling": np.int64,
}  # fmt: skip
ROW_FIELDS: dict[str, type] = {
    "row_request": np.int64, "row_copy": np.int8, "row_version": np.int16, "row_pod": np.int32,
    "row_attempts": np.int16, "row_start": np.float64, "row_finish": np.float64, "row_status": np.int16,
    "row_reason": np.int8,
}  # fmt: skip
CALL_ROW_FIELDS: dict[str, type] = {
    "called_request": np.int64, "called_copy": np.int8, "called_path": np.int64, "called_service": np.int16,
    "called_at": np.float64, "called_version": np.int16, "called_pod": np.int32, "called_attempts": np.int16,
    "called_start": np.float64, "called_finish": np.float64, "called_status": np.int16, "called_reason": np.int8,
}  # fmt: skip
FAULT_FIELDS: dict[str, type] = {
    "fault_segment": np.int64, "fault_users": np.float64, "fault_pods": np.int64, "fault_luck": np.float64,
    "fault_age": np.float64, "fault_load": np.float64,
    "fault_from": np.float64, "fault_for": np.float64, "fault_every": np.float64, "fault_ramp": np.float64,
    "fault_error": np.float64, "fault_drawn": np.int64, "fault_status": np.int64,
    "fault_factor": np.float64, "fault_cold": np.float64, "fault_half_life": np.float64,
    "fault_law": np.int64, "fault_a": np.float64, "fault_b": np.float64, "fault_table": np.int64,
    "error_law": np.int64, "error_a": np.float64, "error_b": np.float64, "error_table": np.int64,
}  # fmt: skip
EJECTION_FIELDS: dict[str, type] = {"ejection_at": np.float64, "ejection_pod": np.int32, "ejection_returned": np.int8}
BUCKET_FIELDS: dict[str, type] = {"bucket_from": np.float64, "bucket_tokens": np.int64, "bucket_fills": np.int64}
SLOT_FIELDS: dict[str, type] = {
    "slot_open": np.int64, "slot_idle": np.int64, "slot_head": np.int64, "slot_tail": np.int64,
}  # fmt: skip
ENTRY_FIELDS: dict[str, type] = {"entry_due": np.float64, "entry_order": np.int64}
HEAP_FIELDS: dict[str, type] = {"heap_time": np.float64, "heap_code": np.int64}
RING_FIELDS: dict[str, type] = {"ring_time": np.float64, "ring_call": np.int64, "ring_stamp": np.int64}
POD_FIELDS: dict[str, type] = {
    "pod_version": np.int64, "pod_listens": np.int64, "pod_since": np.float64, "pod_endpoint": np.int64,
    "pod_ejected": np.int64, "pod_busy": np.int64, "pod_waiting": np.int64, "pod_head": np.int64, "pod_tail": np.int64,
    "pod_requests": np.int64, "pod_5xx": np.int64, "pod_gateway": np.int64, "pod_local": np.int64,
    "pod_ejections": np.int64, "pod_return_tick": np.int64, "pod_return_at": np.float64,
    "pod_total": np.int64, "pod_good": np.int64, "pod_local_total": np.int64, "pod_local_good": np.int64,
    "pod_volume": np.int64, "pod_rate": np.float64,
    "pod_ordinal": np.int64, "pod_luck": np.float64,
    "pod_first": np.int64, "pod_expected": np.int64,
    "pod_virtual": np.float64, "pod_virtual_at": np.float64, "pod_speed": np.float64,
    "pod_started": np.int64, "pod_area": np.float64, "pod_busy_since": np.float64,
    "pod_cost": np.float64, "pod_stamp": np.float64, "pod_joined": np.float64,
}  # fmt: skip
