"""A step of a canary in a file: a mapping with one key, which says what the step does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import CoreSchema

from sim.cluster.argo.plan import Planned
from sim.spec.model import Model
from sim.units import shown


class Step(Model):
    """One step of a canary: a mapping with one key, its word."""

    word: ClassVar[str]

    def text(self) -> str:
        """Return the step in words."""
        raise NotImplementedError

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        raise NotImplementedError


class WrappedStep(Step):
    """A step whose word holds a mapping of its keys."""

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, data: Any) -> Any:
        if not (isinstance(data, Mapping) and set(data) == {cls.word}):
            return data
        inner = data[cls.word]
        if not isinstance(inner, Mapping):
            raise ValueError(f"is {shown(inner)}; must be a mapping, {{}} if it has nothing to say")
        return dict(inner)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {cls.word: handler(schema)},
            "required": [cls.word],
            "additionalProperties": False,
        }

    @model_serializer(mode="wrap")
    def _wrapped(self, handler: SerializerFunctionWrapHandler) -> Any:
        return {self.word: handler(self)}
