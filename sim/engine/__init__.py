"""The data plane: two engines behind one protocol, and the requests they serve.

`reference` is plain SimPy and meant to be read. `compiled` is Numba over flat arrays. They agree to the last bit.
Numba is loaded when it is first needed, not on import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sim.engine.protocol import Engine, PlaneConfig, Requests
from sim.errors import UsageError

if TYPE_CHECKING:
    from sim.spec.replay import Trace
    from sim.spec.traffic import Traffic
    from sim.spec.users import Users

EngineKind = Literal["compiled", "reference"]
ENGINES: tuple[EngineKind, ...] = ("compiled", "reference")


def build(kind: EngineKind, config: PlaneConfig) -> Engine:
    """Return a data plane."""
    if kind == "compiled":
        from sim.engine.compiled import CompiledPlane

        return CompiledPlane(config)
    if kind == "reference":
        from sim.engine.reference import ReferencePlane

        return ReferencePlane(config)
    raise UsageError(f"unknown engine {kind!r}; must be one of {', '.join(ENGINES)}")


def draw_requests(
    traffic: Traffic, users: Users, trace: Trace | None, seed: int, replication: int, warmup: float, duration: float
) -> Requests:
    """Return all requests of a run, the same for every strategy and both engines."""
    from sim.engine import requests

    return requests.draw_requests(traffic, users, trace, seed, replication, warmup, duration)


def is_compiled() -> bool:
    """True when the kernels are on disk already; else the first run compiles them, once per machine."""
    from sim.engine import cache

    return cache.is_compiled()


def warm_up() -> None:
    """Compile every kernel, or load it from disk."""
    from sim.engine import first_use

    first_use.warm_up()
