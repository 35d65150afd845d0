"""The pool of a pod's whole service in the compiled engine. p: pod."""

from __future__ import annotations

from typing import Any

from sim.engine.cache import compiled


@compiled
def whole(state: Any, p: int) -> int:
    """Return the pool of the pod's whole service."""
    return state.version_whole[state.pod_version[p]]  # type: ignore[no-any-return]
