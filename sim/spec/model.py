"""What every model of a scenario has in common: frozen, camelCase in files, no key that is not simulated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema, WrapSerializer
from pydantic.alias_generators import to_camel

K = TypeVar("K")
V = TypeVar("V")

NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
VERSION_NAME = r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"
STRATEGY_NAME = r"[a-z][A-Za-z0-9]*"
LONGEST_NAME = 63
MOST_LISTED = 40


class Model(BaseModel):
    """A frozen part of a scenario; files say camelCase, Python snake_case."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
    not_simulated: ClassVar[tuple[str, ...]] = ()
    """Keys of real manifests that an error tells to delete."""


class FrozenMapping(Mapping[K, V], Generic[K, V]):
    """A read-only mapping in the order of the file; hashable when its values are."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


EMPTY: FrozenMapping[Any, Any] = FrozenMapping({})


def _as_dict(value: Mapping[Any, Any], handler: Any) -> Any:
    return handler(dict(value))


def _thaw(value: Any) -> Any:
    return dict(value) if isinstance(value, FrozenMapping) else value


Frozen = Annotated[Mapping[K, V], BeforeValidator(_thaw), AfterValidator(FrozenMapping), WrapSerializer(_as_dict)]


def _named(pattern: str, words: str) -> Callable[[str], str]:
    def check(name: str) -> str:
        if len(name) > LONGEST_NAME or not re.fullmatch(pattern, name):
            raise ValueError(f"is {name!r:.80}; must be {words}, at most {LONGEST_NAME} characters")
        return name

    return check


def _name_type(pattern: str, words: str) -> Any:
    schema = {"type": "string", "pattern": f"^{pattern}$", "maxLength": LONGEST_NAME}
    return (AfterValidator(_named(pattern, words)), WithJsonSchema(schema))


_NAME, _NAME_SCHEMA = _name_type(NAME, "lower-case letters, digits and '-', as in Kubernetes")
_VERSION, _VERSION_SCHEMA = _name_type(VERSION_NAME, "lower-case letters, digits, '-' and '.'")
_STRATEGY, _STRATEGY_SCHEMA = _name_type(STRATEGY_NAME, "letters and digits that start with a lower-case letter")

Name = Annotated[str, _NAME, _NAME_SCHEMA]
VersionName = Annotated[str, _VERSION, _VERSION_SCHEMA]
StrategyName = Annotated[str, _STRATEGY, _STRATEGY_SCHEMA]
Text = Annotated[str, WithJsonSchema({"type": "string"})]


def from_mapping(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    """Return a before-validator that applies `change` to a copy of mappings and lets everything else through."""

    def apply(data: Any) -> Any:
        return change(dict(data)) if isinstance(data, Mapping) else data

    return apply


LONGEST_GUESSED = 80
CLOSE = 0.75
"""Of 1: nearer than livenessProbe and readinessProbe are."""


class PlacedError(ValueError):
    """Something wrong at a path below the model that found it."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        self.path = path
        super().__init__(message)


def did_you_mean(word: str, known: Iterable[str], *, is_key: bool = False) -> str:
    """Return what to write instead of an unknown word: the closest known one, or what there is."""
    names = list(known)
    close = get_close_matches(word, names, 1, CLOSE) if len(word) <= LONGEST_GUESSED else []
    listed = ", ".join(names[:MOST_LISTED]) or "nothing: there is none"
    if not close:
        return f"; must be one of {listed}"
    return f"; did you mean '{close[0]}'?" + ("" if is_key else f" known: {listed}")
