"""Which functions of a module a run calls: what is tested by itself must also be what decides."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType, ModuleType


def called(work: Callable[[], object], *modules: ModuleType) -> set[str]:
    """Return the names of the modules' functions that `work` calls."""
    files = {module.__file__ for module in modules}
    names: set[str] = set()

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code.co_filename in files:
            names.add(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return names


def functions(module: ModuleType) -> set[str]:
    """Return the names of the functions that a module defines."""
    own = (thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__)
    return {thing.__name__ for thing in own if callable(thing) and not isinstance(thing, type)}
