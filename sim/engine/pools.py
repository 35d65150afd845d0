"""The compiled engine's pools at the start of a run, and what the balancers keep of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.balancing import ring_points
from sim.engine.layout import ENTRY_FIELDS
from sim.spec.mesh import Mesh

COUNTS = (
    "pool_ready", "pool_cursor", "pool_ejected", "pool_requests", "pool_ring", "pool_weighted", "pool_entries",
    "pool_connections", "pool_pending",
)  # fmt: skip


def allocate_pools(pools: int, room: int, mesh: Mesh | None, start: float) -> dict[str, NDArray[Any]]:
    """Return one pool a version, one a service, one that stays empty; then each again, ejected pods included.

    room: for so many pods in each. What only some balancers need has one place where they are not used.
    """
    places = 2 * pools * room
    points = ring_points(mesh)
    entries = places if mesh and mesh.warmup else 1
    return {
        **{name: np.zeros(2 * pools, np.int64) for name in COUNTS},
        **{name: np.full(pools, -1.0) for name in ("pool_average", "pool_threshold")},
        "pool_joined": np.full(2 * pools, start),
        "ready": np.zeros(places, np.int64),
        "ring": np.zeros(places + 2 * pools * points if points else 1, np.int64),
        **{name: np.zeros(entries, item) for name, item in ENTRY_FIELDS.items()},
    }
