"""The first use on a machine: all kernels compiled, or loaded from disk, by one small run."""

from __future__ import annotations

import math

from sim.engine.compiled import CompiledPlane
from sim.engine.protocol import PlaneConfig, Route
from sim.engine.requests import draw_requests
from sim.engine.variates import quantile
from sim.spec.distributions import constant
from sim.spec.mesh import Mesh
from sim.spec.service import ResolvedVersion, Service
from sim.spec.traffic import Traffic
from sim.spec.users import Users


def warm_up() -> None:
    """Compile every kernel, or load it from disk."""
    requests = draw_requests(Traffic(rate=10.0), Users(count=10), None, 1, 0, 0.0, 1.0)
    plane = CompiledPlane(PlaneConfig((_version(),), requests, Mesh(), Route(weights=((0, 100.0),)), 0.0))
    plane.add_pod(0, 0)
    plane.listen(0, -math.inf)
    plane.add_endpoint(0)
    plane.advance(0.5)
    plane.kill(0)
    plane.remove_endpoint(0)
    plane.advance(math.inf)
    quantile(constant(1.0), 0.5)


def _version() -> ResolvedVersion:
    return Service(versions={"v1": {}}).resolved("v1")
