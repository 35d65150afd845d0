"""Pydantic's errors in our words, at their place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import ErrorDetails

from sim.errors import Problem
from sim.scenario.document import Document, Path, short
from sim.scenario.keys import fields_of, model_at
from sim.spec.model import Model, PlacedError, did_you_mean
from sim.strategies import STRATEGIES
from sim.units import shown

MOST_PROBLEMS = 100
CHOICE = re.compile(r"'([^']*)'")
MUST_BE = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "text; put it in quotes",
    "bool_type": "true or false",
}


def problems_of(document: Document, root: type[Model], errors: list[ErrorDetails]) -> Iterator[Problem]:
    """Yield a problem per error, the first hundred of them."""
    for error in errors[:MOST_PROBLEMS]:
        if not _is_echo(error, errors):
            yield _problem(document, root, error)
    if len(errors) > MOST_PROBLEMS:
        yield Problem(document.file, 0, 0, "", f"and {len(errors) - MOST_PROBLEMS} more problems")


def _is_echo(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """True for a list that is too short only because its entries are wrong, which has been said."""
    location = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(location) and other["loc"][: len(location)] == location for other in errors
    )


def file_path(document: Document, location: tuple[str | int, ...], missing: bool) -> Path:
    """Return the path in the file of pydantic's location: without the tags and layers that only the models have."""
    path: list[str | int] = []
    value = document.data
    for index, part in enumerate(location):
        if _has(value, part):
            value = value[part]
        elif not (missing and index == len(location) - 1):
            continue
        path.append(part)
    return tuple(path)


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _problem(document: Document, root: type[Model], error: ErrorDetails) -> Problem:
    kind, location, value = error["type"], error["loc"], error["input"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, PlacedError):
        location = (*location, *cause.path)
    path = file_path(document, location, kind == "missing")
    if kind == "missing":
        return document.problem(path, "is missing; it is required")
    if kind == "extra_forbidden":
        return document.key_problem(path, unknown_key(str(location[-1]), model_at(root, location[:-1])))
    if location[-1:] == ("[key]",):
        return document.key_problem(path, f"has a name that {_message(error, value)}")
    if kind.startswith("union_tag"):
        return _unknown_strategy(document, path, error)
    return document.problem(path, _message(error, value))


def unknown_key(key: str, model: type[Model] | None) -> str:
    """Return what to say about a key that does not exist."""
    if model is None:
        return f"unknown key '{short(key)}'"
    if key in model.not_simulated:
        return f"'{key}' is not simulated; delete it"
    return f"unknown key '{short(key)}'{did_you_mean(key, fields_of(model), is_key=True)}"


def _unknown_strategy(document: Document, path: Path, error: ErrorDetails) -> Problem:
    known = sorted(STRATEGIES)
    written_type = error["input"].get("type") if isinstance(error["input"], dict) else None
    name = str(path[-1]) if path else ""
    if not isinstance(error["input"], dict):
        return document.problem(path, f"is {shown(error['input'])}; must be a mapping, {{}} if it has nothing to say")
    if document.values.get((*path, "type")) or written_type != name:
        return document.problem((*path, "type"), f"is {shown(written_type)}{did_you_mean(str(written_type), known)}")
    message = f"unknown strategy '{short(name)}'{did_you_mean(name, known)}; a free name needs a type"
    return document.key_problem(path, message)


def _message(error: ErrorDetails, value: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _choice(str(context["expected"]), value)
    if kind in ("too_long", "too_short"):
        bound = f"at most {context['max_length']}" if kind == "too_long" else f"at least {context['min_length']}"
        return f"has {context.get('actual_length')} entries; must have {bound}"
    if kind.startswith("string_too"):
        return f"has {len(value)} characters; must have at most {context.get('max_length')}"
    if kind in MUST_BE:
        if value is None and MUST_BE[kind] == "a mapping":
            return "is empty; must be a mapping, {} if it has nothing to say"
        return f"is {shown(value)}; must be {MUST_BE[kind]}"
    return f"is {shown(value)}; {error['msg'][:1].lower()}{error['msg'][1:]}"


def _choice(expected: str, value: Any) -> str:
    choices = CHOICE.findall(expected)
    if len(choices) < 3:
        return f"is {shown(value)}; must be {' or '.join(choices)}"
    return f"is {shown(value)}{did_you_mean(str(value), choices)}"
