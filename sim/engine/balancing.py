"""How the balancers of one run are set, for both engines."""

from __future__ import annotations

from sim.balancers import Rules
from sim.engine.keyed import salt
from sim.engine.protocol import Requests
from sim.spec.mesh import ConsistentHash, LeastRequest, Mesh


def balancing(mesh: Mesh | None, requests: Requests) -> Rules:
    """Return the settings that the policies look at."""
    least = (mesh and mesh.least_request) or LeastRequest()
    return Rules(least.choice_count, _ring_size(mesh), salt(requests.seed, requests.replication))


def ring_points(mesh: Mesh | None) -> int:
    """Return how many points a ring must hold, but for rounding up by pod; 0 where there is no ring."""
    return _ring_size(mesh) if mesh and mesh.load_balancer == "consistentHash" else 0


def _ring_size(mesh: Mesh | None) -> int:
    return ((mesh and mesh.consistent_hash) or ConsistentHash()).ring_hash.minimum_ring_size
