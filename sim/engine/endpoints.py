"""Which endpoint each request asks for, and what the compiled engine must know of endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.keyed import Purpose, many_uniforms
from sim.engine.layout import EVERYONE
from sim.engine.protocol import Requests
from sim.spec.endpoint import Endpoint
from sim.spec.service import ResolvedVersion


def drawn_endpoints(
    endpoints: Mapping[str, Endpoint], count: int, seed: int, replication: int
) -> NDArray[np.int16] | None:
    """Return the place of each request's endpoint in the map; None where there are none."""
    if not endpoints:
        return None
    reach = np.cumsum([endpoint.share for endpoint in endpoints.values()])
    luck, _ = many_uniforms(seed, replication, Purpose.ENDPOINT, 0, count)
    # Shares may add up to a little less than 1, and luck may lie between.
    places: NDArray[np.int64] = np.minimum(np.searchsorted(reach, luck, side="right"), len(endpoints) - 1)
    return places.astype(np.int16)


def endpoint_arrays(requests: Requests, versions: tuple[ResolvedVersion, ...]) -> dict[str, NDArray[Any]]:
    """Return the endpoint of each request, their factors, whose requests have them, and what faults are limited to.

    Users call the service of the first version; what services ask of each other has no endpoint.
    """
    has_endpoints = requests.endpoint is not None
    names = list(requests.endpoints)
    limits = [fault.endpoint for version in versions for fault in version.faults]
    return {
        "request_endpoint": np.zeros(1, np.int16) if requests.endpoint is None else requests.endpoint,
        "endpoint_factor": np.array([each.latency_factor for each in requests.endpoints.values()], np.float64),
        "endpoint_of_version": np.array(
            [has_endpoints and version.service == versions[0].service for version in versions], np.int64
        ),
        "fault_endpoint": np.array([EVERYONE if name is None else names.index(name) for name in limits], np.int64),
    }
