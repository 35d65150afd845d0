"""One value of a document set by its path, as `--set spec.traffic.rate=500rps` does."""

from __future__ import annotations

import re
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.document import Path, parse_value, written

PART = re.compile(
    r"""\.?(?P<key>[A-Za-z_0-9][-\w]*)|\[(?P<index>\d{1,6})\]|\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
)


def parse_path(text: str) -> Path:
    """Return the parts of a path: keys, [2] for a place in a list, ['1.10'] for a key with dots.

    Raises:
        ScenarioError: it is no path.
    """
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        found = PART.match(text, at)
        if found is None or (at == 0 and text.startswith(".")):
            raise _error(
                text, "is not a path; must look like spec.traffic.rate or spec.strategies.canary.steps[0].setWeight"
            )
        parts.append(int(found["index"]) if found["index"] else found["key"] or found["quoted"])
        at = found.end()
    if not parts:
        raise _error(text, "is empty; must look like spec.traffic.rate")
    return tuple(parts)


def assigned(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the document with `value` (text is read as YAML) at `path`; mappings on the way are made.

    Raises:
        ScenarioError: the path leads through something that is no mapping or list, or past the end of a list.
    """
    parts = parse_path(path)
    holder: Any = data
    for index, part in enumerate(parts[:-1]):
        holder = _step(holder, part, parts[: index + 1])
    _put(holder, parts[-1], parse_value(value) if isinstance(value, str) else value, parts)
    return data


def _step(holder: Any, part: str | int, path: Path) -> Any:
    _check(holder, part, path)
    if isinstance(part, int):
        return holder[part]
    if holder.get(part) is None:
        holder[part] = {}
    return holder[part]


def _put(holder: Any, part: str | int, value: Any, path: Path) -> None:
    _check(holder, part, path)
    holder[part] = value


def _check(holder: Any, part: str | int, path: Path) -> None:
    where = written(path)
    if isinstance(part, int):
        if not isinstance(holder, list):
            raise _error(where, "asks for a place in what is not a list")
        if part >= len(holder):
            raise _error(where, f"does not exist; the list has {len(holder)} entries, from [0]")
    elif not isinstance(holder, dict):
        raise _error(where, "asks for a key of what is not a mapping")


def _error(path: str, message: str) -> ScenarioError:
    return ScenarioError([Problem("set", 0, 0, path, message)])
