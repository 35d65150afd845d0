"""The tree of keys of a scenario, read from the models: for did-you-mean, `explain` and the documentation."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

from sim.spec.model import Model

Shape = Literal["value", "model", "choices", "map", "list"]


@dataclass(frozen=True)
class Kind:
    """What stands at a key. models: one for a model, by tag for choices; item: what a map or list holds."""

    shape: Shape
    annotation: Any
    models: Mapping[str, type[Model]]
    item: Any = None


def kind_of(annotation: Any) -> Kind:
    """Return the kind of an annotation, None in a union left out."""
    base = strip(annotation)
    if isinstance(base, type) and issubclass(base, BaseModel):
        return Kind("model", base, {"": base})  # type: ignore[dict-item]
    if get_origin(base) in (Union, types.UnionType):
        tagged = {tag: strip(member) for member in get_args(base) if (tag := _tag(member))}
        return Kind("choices" if tagged else "value", base, tagged)
    if get_origin(base) is tuple and get_args(base)[-1] is Ellipsis:
        return Kind("list", base, {}, get_args(base)[0])
    if isinstance(get_origin(base), type) and issubclass(get_origin(base), Mapping):
        return Kind("map", base, {}, get_args(base)[1])
    return Kind("value", base, {})


def strip(annotation: Any) -> Any:
    """Return an annotation without Annotated and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            rest = [member for member in get_args(annotation) if member is not type(None)]
            if len(rest) == 1:
                annotation = rest[0]
                continue
        return annotation


def _tag(member: Any) -> str | None:
    if get_origin(member) is not Annotated:
        return None
    return next((extra.tag for extra in get_args(member)[1:] if isinstance(extra, Tag)), None)


def alias(model: type[BaseModel], field: str) -> str:
    """Return the key of a field in files."""
    return model.model_fields[field].alias or field


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by their key."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def model_at(root: type[Model], location: tuple[str | int, ...]) -> type[Model] | None:
    """Return the model that pydantic reached at a location of its own, None when it is not a model."""
    kind = kind_of(root)
    for part in location:
        if kind.shape == "choices" and part in kind.models:
            kind = kind_of(kind.models[str(part)])
        elif kind.shape == "model" and part in fields_of(kind.models[""]):
            kind = kind_of(fields_of(kind.models[""])[str(part)].annotation)
        elif kind.item is not None:
            kind = kind_of(kind.item)
        else:
            return None
    return kind.models.get("")
