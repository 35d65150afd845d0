"""Which pool serves a call in the compiled engine. r: request. s: service. path: of the call."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.engine.cache import compiled, inlined
from sim.engine.keyed import ROUTE, U, block, uniform
from sim.engine.layout import BY_PODS, MATCHES, NOBODY, ROUTED, STICKY, VERSIONS
from sim.routers import ROUTERS

match_version = compiled(ROUTERS["match"].choose_compiled)
weighted_version = compiled(ROUTERS["weighted"].choose_compiled)
sticky_version = compiled(ROUTERS["sticky"].choose_compiled)
mirror_version = compiled(ROUTERS["mirror"].choose_compiled)


@inlined
def pool_of(state: Any, r: int, s: int, path: int) -> int:
    """Return the pool that serves a call of service s: where the route leads, or its only version."""
    return route(state, r, path) if s == state.iv[ROUTED] else state.service_version[s]


@compiled
def route(state: Any, r: int, path: int) -> int:
    """Return the pool of the routed service that serves a call for request r."""
    user: Any = np.int64(state.request_user[r])
    if state.iv[MATCHES] == 1:
        segment: Any = np.int64(state.user_segment[user])
        version = match_version(state, 0.0, segment)
        if version >= 0:
            return version
    if state.iv[BY_PODS] == 1:
        return state.iv[VERSIONS] + state.iv[ROUTED]  # type: ignore[no-any-return]
    if state.kept_version[0] >= 0 and state.user_kept[user] == 1:
        return state.kept_version[0]  # type: ignore[no-any-return]
    if state.iv[STICKY] == 1:
        version = sticky_version(state, state.user_sticky[user], -1)
    elif state.route_choices[0] == 1:
        version = state.route_version[0]
    else:
        version = weighted_version(state, split_number(state, r, path), -1)
    if version >= 0 and version == state.kept_version[0]:
        state.user_kept[user] = 1
    return version if version >= 0 else state.iv[NOBODY]


@compiled
def split_number(state: Any, r: int, path: int) -> float:
    w0, _w1, _w2, _w3 = block(state.key[0], state.key[1], U(r), U(path), U(0), U(ROUTE))
    return uniform(w0)  # type: ignore[no-any-return]


@compiled
def mirrored_to(state: Any, r: int, path: int) -> int:
    """Return the version that gets a copy of a call of the routed service, -1 for none."""
    _w0, w1, _w2, _w3 = block(state.key[0], state.key[1], U(r), U(path), U(0), U(ROUTE))
    return mirror_version(state, uniform(w1), -1)
