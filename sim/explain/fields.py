"""What a key of a scenario means: type, bounds, default and words, all read from the models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import ScenarioError, UsageError
from sim.scenario.assign import parse_path
from sim.scenario.keys import Kind, fields_of, kind_of, strip
from sim.scenario.spec import ScenarioDocument, Spec
from sim.spec.analysis import AnalysisSpec, MetricSpec
from sim.spec.model import EMPTY, Model, did_you_mean
from sim.spec.service import PodKeys
from sim.strategies import STRATEGIES
from sim.strategies.canary_steps import STEPS
from sim.units import MOST_REPLICAS, IntOrPercent, Quantity

WIDTH = 100
PLACEHOLDERS = {
    "services": "SERVICE",
    "versions": "VERSION",
    "segments": "SEGMENT",
    "strategies": "STRATEGY",
    "title": "LANGUAGE",
    "teaches": "LANGUAGE",
    "predict": "LANGUAGE",
    "discuss": "LANGUAGE",
}
DERIVED_DEFAULTS = {
    "spec.traffic.entry": "the only service",
    "spec.strategies": "none, where nothing is released",
    ".trafficRouting": "mesh if there is one",
    ".guardrail.interval": "30s",
    ".shadow.analysis.window": "the interval, or all of duration",
    "analysis.window": "the interval, or 60s",
    "Analysis.window": "the interval, or 60s",
    "guardrail.window": "the interval",
    ".metrics[].window": "the interval, or 60s",
    "analysis.count": "1 without an interval",
    "Analysis.count": "1 without an interval",
    "guardrail.count": "no end",
    ".metrics[].count": "1 without an interval",
    "analysis.name": "the metric's name",
    "Analysis.name": "the metric's name",
    "guardrail.name": "the metric's name",
    ".metrics[].name": "the metric's name",
}
"""What another key decides, by the end of the path."""
QUANTITY_WORDS = {
    "duration": "duration",
    "rate": "rate",
    "share": "share",
    "percent": "percentage",
    "count": "whole number",
    "number": "number",
    "quantity": "quantity",
}


@dataclass(frozen=True)
class Key:
    """A key with its path, the field that declares it (None for a choice) and what stands there."""

    path: str
    info: FieldInfo | None
    kind: Kind

    @property
    def description(self) -> str:
        """Return what it means, in a line."""
        if self.info is not None and self.info.description:
            return self.info.description
        model = next(iter(self.kind.models.values()), None)
        return _first_line(model) if model else ""

    @property
    def bounds(self) -> str:
        """Return the bounds in words, "" where there are none."""
        quantity = _quantity(self.info)
        if quantity is None and strip(self.kind.annotation) is IntOrPercent:
            return f"between 0 and {MOST_REPLICAS:,}, or 0% to 100%"
        return quantity.bounds if quantity else ""

    @property
    def type(self) -> str:
        """Return the type in words, with the unit it is counted in."""
        quantity = _quantity(self.info)
        if quantity is None:
            return _type_of(self.kind)
        unit = f" ({quantity.unit})" if quantity.unit and quantity.kind in ("duration", "rate") else ""
        return QUANTITY_WORDS[quantity.kind] + unit

    @property
    def default(self) -> str:
        """Return the default as a file would say it."""
        if self.info is None:
            return ""
        above, _, name = self.path.rpartition(".")
        if above.endswith(".versions.VERSION") and name in fields_of(PodKeys):
            return "the service's"
        derived = next((words for end, words in DERIVED_DEFAULTS.items() if self.path.endswith(end)), None)
        return derived or ("required" if self.info.is_required() else _default(self.info))


def explain_field(path: str) -> str:
    """Return what the key at `path` means, as `kubectl explain` does; `spec.` may be left out.

    Raises:
        UsageError: there is no such key.
    """
    key = _find(path)
    lines = [f"KEY:      {key.path}", f"TYPE:     {key.type}"]
    lines += [f"BOUNDS:   {key.bounds}"] if key.bounds else []
    lines += [f"DEFAULT:  {key.default}"] if key.default else []
    lines += ["", fill(key.description, WIDTH)]
    inner = [*_children(key)]
    if inner:
        width = max(len(child.path.rpartition(".")[2]) for child in inner)
        lines += ["", "KEYS:" if key.kind.shape != "choices" else "ONE OF:"]
        lines += [f"  {child.path.rpartition('.')[2]:{width}}  {_summary(child)}" for child in inner]
    return "\n".join(lines) + "\n"


def key_table() -> str:
    """Return every key as a Markdown table."""
    rows = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key in _walk(Key("", None, kind_of(ScenarioDocument)), depth=0):
        cells = (f"`{key.path}`", ", ".join(filter(None, (key.type, key.bounds))), key.default, key.description)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _summary(child: Key) -> str:
    default = f" [{child.default}]" if child.default else ""
    return f"<{child.type}>{default} {child.description}"


def _find(path: str) -> Key:
    parts = _parts(path)
    key = Key("", None, kind_of(ScenarioDocument))
    for part in parts:
        key = _descend(key, part, path)
    return key


def _parts(path: str) -> list[str]:
    try:
        parts = [str(part) for part in parse_path(path.replace("[]", ""))]
    except ScenarioError:
        raise UsageError(f"{path!r:.80} is no key; must look like spec.traffic.rate") from None
    if parts[0] in STRATEGIES:
        return ["spec", "strategies", *parts]
    if parts[0] not in fields_of(ScenarioDocument) and parts[0] in fields_of(Spec):
        return ["spec", *parts]
    if parts[0] not in fields_of(ScenarioDocument):
        known = (*fields_of(ScenarioDocument), *fields_of(Spec), *STRATEGIES)
        raise UsageError(f"{path}: no key '{parts[0]}'{did_you_mean(parts[0], known)}")
    return parts


def _descend(key: Key, part: str, asked: str) -> Key:
    if key.kind.shape in ("map", "list"):
        key, consumed = _into_item(key, part)
        if consumed:
            return key
    found = {child.path.rpartition(".")[2]: child for child in _children(key)}
    if key.kind.shape == "choices" and part not in found:
        inner = {name: field for choice in found.values() for name, field in _named(_children(choice)).items()}
        found = {**inner, **found}
    if part not in found:
        raise UsageError(f"{asked}: {key.path or 'a scenario'} has no key '{part}'{did_you_mean(part, found)}")
    return found[part]


def _named(keys: Iterator[Key]) -> dict[str, Key]:
    return {key.path.rpartition(".")[2]: key for key in keys}


def _into_item(key: Key, part: str) -> tuple[Key, bool]:
    """Return what a map or list holds, and whether `part` was the name or place of an entry."""
    item = kind_of(key.kind.item)
    inside = _placeholder(key)
    if key.kind.shape == "list":
        return Key(inside, key.info if not item.models else None, item), part.isdigit()
    names = {**item.models, **fields_of(item.models[""])} if "" in item.models else item.models
    if part in names and part:
        return Key(inside, None, item), False
    return Key(inside, None if item.models else key.info, item), item.shape != "choices" or part.isupper()


def _placeholder(key: Key) -> str:
    name = key.path.rpartition(".")[2]
    return f"{key.path}[]" if key.kind.shape == "list" else f"{key.path}.{PLACEHOLDERS.get(name, 'KEY')}"


def _children(key: Key) -> Iterator[Key]:
    """Yield the keys below a key; those of the entries for a map or list."""
    if key.kind.item is not None:
        item = kind_of(key.kind.item)
        if item.models:
            yield from _children(Key(_placeholder(key), None, item))
    elif key.kind.shape == "model":
        yield from _fields(key.path, key.kind.models[""])
    elif key.kind.shape == "choices":
        for tag, model in key.kind.models.items():
            yield _choice(key, tag, model)


def _choice(key: Key, tag: str, model: type[Model]) -> Key:
    prefix = key.path.removesuffix(".STRATEGY") if model in STRATEGIES.values() else key.path
    path = f"{prefix}.{tag}"
    if model in STEPS.values() and tag in fields_of(model):
        info = fields_of(model)[tag]
        return Key(path, info, kind_of(info.annotation))
    return Key(path, None, kind_of(model))


def _fields(path: str, model: type[BaseModel]) -> Iterator[Key]:
    fields = fields_of(model)
    if issubclass(model, AnalysisSpec):
        fields = {**fields_of(MetricSpec), **fields}
    for name, info in fields.items():
        yield Key(f"{path}.{name}" if path else name, info, kind_of(info.annotation))


DEEPEST = 12


def _walk(key: Key, depth: int) -> Iterator[Key]:
    for child in _children(key):
        yield child
        if depth < DEEPEST and not _is_law(child.kind):
            yield from _walk(child, depth + 1)


def _is_law(kind: Kind) -> bool:
    return "lognormal" in kind.models


def _quantity(info: FieldInfo | None) -> Quantity | None:
    if info is None:
        return None
    found = [item for item in info.metadata if isinstance(item, Quantity)]
    return found[0] if found else _quantity_in(info.annotation)


def _quantity_in(annotation: Any) -> Quantity | None:
    if get_origin(annotation) is Annotated:
        return next((item for item in get_args(annotation)[1:] if isinstance(item, Quantity)), None)
    arguments = [item for item in get_args(annotation) if item is not type(None)]
    is_optional = len(arguments) == 1 and len(get_args(annotation)) == 2
    return _quantity_in(arguments[0]) if is_optional else None


def _type_of(kind: Kind) -> str:
    if kind.shape == "model":
        return "mapping"
    if kind.shape == "choices":
        return "duration or distribution" if _is_law(kind) else "step" if "pause" in kind.models else "strategy"
    if kind.shape == "map":
        return "mapping by name" if kind_of(kind.item).models else "mapping of text"
    if kind.shape == "list":
        return f"list of {_type_of(kind_of(kind.item))}s".replace("texts", "text")
    return _plain_type(kind.annotation)


def _plain_type(annotation: Any) -> str:
    base = strip(annotation)
    if get_origin(base) is Literal:
        return " or ".join(map(str, get_args(base)))
    if base is IntOrPercent:
        return "whole number or percentage"
    return "true or false" if base is bool else "text"


def _default(info: FieldInfo) -> str:
    default = info.default
    quantity = _quantity(info)
    if default is None:
        return "none"
    if default is EMPTY or default == ():
        return "empty"
    if isinstance(default, bool):
        return "true" if default else "false"
    if quantity is not None:
        return str(quantity.format(default))
    if isinstance(default, BaseModel):
        return _short(default.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "its own defaults" if not value else json.dumps(value)
    return str(value)


def _first_line(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or "").split("\n")[0]
