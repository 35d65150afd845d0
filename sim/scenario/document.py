"""A scenario file as plain values with the place of each; refuses what could hurt before anything is built."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.representer import SafeRepresenter

from sim.errors import Problem, ScenarioError

MOST_BYTES = 256 * 1024
MOST_NODES = 20_000
MOST_DEPTH = 40
LONGEST_SCALAR = 10_000
LONGEST_SHOWN = 60
LEADING_ZERO = re.compile(r"[-+]?0\d[\d_]*")
SIMPLE_KEY = re.compile(r"[A-Za-z_][-\w]*")
PLAIN_TEXT = re.compile(r"[^\s\x00-\x1f\x7f-\xa0\ufeff]+( [^\s\x00-\x1f\x7f-\xa0\ufeff]+)*")
TAG = "tag:yaml.org,2002:"

REPEATED = -1
"""Keeps the paths inside the value of a repeated key apart from those of the first."""

Path = tuple[str | int, ...]
Position = tuple[int, int]


def written(path: Path) -> str:
    """Return a path as messages and `replace` write it: spec.strategies.canary.steps[2].setWeight."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif SIMPLE_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{short(part)!r}]"
    return text


def short(text: str) -> str:
    """Return text cut to what a message can hold."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


@dataclass
class Document:
    """What a file says. keys, values: where each key and value starts, by path."""

    file: str
    data: Any = None
    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, message: str) -> Problem:
        """Return a problem at the value of `path`; where the file has none, at the key of what should hold it."""
        place = self.values.get(path)
        for length in range(len(path), -1, -1):
            if place is None:
                place = self.keys.get(path[:length]) or self.values.get(path[:length])
        return Problem(self.file, *(place or (0, 0)), written(path), message)

    def key_problem(self, path: Path, message: str) -> Problem:
        """Return a problem with the key at the end of `path`, told of the mapping that holds it."""
        place = self.keys.get(path) or (0, 0)
        return Problem(self.file, *place, written(path[:-1]), message)

    def refuse(self, path: Path, position: Position, message: str) -> None:
        """Note a problem and go on reading."""
        self.problems.append(Problem(self.file, *position, written(path), message))


def read(content: bytes, file: str) -> Document:
    """Return the document in `content`.

    Raises:
        ScenarioError: it is too large, too deep, no YAML, or uses what scenarios may not use.
    """
    if len(content) > MOST_BYTES:
        _stop(file, (0, 0), f"is {len(content):,} bytes long; must be at most {MOST_BYTES:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _stop(file, (0, 0), f"is not UTF-8 text (byte {error.start + 1}); must be a YAML file")
    if not text.strip():
        _stop(file, (1, 1), "is empty; must be a scenario document")
    return _Builder(Document(file)).build(_events(text, file))


def parse_value(text: str) -> Any:
    """Return the value that `text` says in YAML, for one key.

    Raises:
        ScenarioError: it is no YAML.
    """
    document = read(text.encode(errors="replace"), "value") if text.strip() else Document("value", data=text)
    if document.problems:
        raise ScenarioError(document.problems)
    return document.data


def write(data: Mapping[str, Any]) -> str:
    """Return plain values as YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 2 * LONGEST_SCALAR
    yaml.Representer = _Representer
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


class _Representer(SafeRepresenter):
    """Writes text so that it reads back to the character."""

    def text(self, text: str) -> Any:
        # Plain and single-quoted scalars lose line ends and spaces at their ends; double-quoted ones keep everything.
        return self.represent_scalar(f"{TAG}str", text, style=None if PLAIN_TEXT.fullmatch(text) else '"')


_Representer.add_representer(str, _Representer.text)


def _stop(file: str, position: Position, message: str) -> NoReturn:
    raise ScenarioError([Problem(file, *position, "", message)])


def _events(text: str, file: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        _stop(file, position, f"is not valid YAML: {_one_line(error.problem or error.context)}")
    except ReaderError as error:
        before = text[: error.position]
        position = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        _stop(file, position, f"has the character #x{error.character:04x}; must be text without control characters")
    except (YAMLError, ValueError, OverflowError, IndexError, AttributeError) as error:
        # ruamel's scanner trips over some escapes and directives with Python's own errors.
        _stop(file, (0, 0), f"is not valid YAML: {_one_line(str(error))}")


def _one_line(text: str | None) -> str:
    return short(" ".join((text or "cannot be read").split()))


def _position(event: Event) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


@dataclass
class _Frame:
    """A mapping or list being filled."""

    container: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    is_repeated: bool = False
    """The key was there before: its value is read and dropped."""


class _Builder:
    """Fills a document from events, without recursion and without trusting them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._frames: list[_Frame] = []
        self._nodes = 0
        self._resolve = YAML(typ="safe", pure=True).resolver.resolve

    def build(self, events: Iterator[Event]) -> Document:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                self._check_document(event, documents)
            elif isinstance(event, NodeEvent):
                self._check(event)
                self._add(event)
            elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
                self._frames.pop()
        if not documents:
            self._stop((1, 1), "is empty; must be a scenario document")
        return self._document

    def _check_document(self, event: DocumentStartEvent, documents: int) -> None:
        if documents > 1:
            self._stop(_position(event), "has more than one document; must have one")
        if event.version or event.tags:
            self._stop(_position(event), "has a % directive; must have none")

    def _check(self, event: NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop(_position(event), f"has more than {MOST_NODES:,} values; must have fewer")
        if isinstance(event, AliasEvent):
            self._stop(
                _position(event),
                f"has the alias '*{short(event.anchor)}'; aliases are not allowed, write the value again",
            )
        if event.anchor is not None:
            self._stop(_position(event), f"has the anchor '&{short(event.anchor)}'; anchors are not allowed, delete it")
        if tag := getattr(event, "tag", None):
            self._stop(
                _position(event), f"has the tag '{short(str(tag).replace(TAG, '!!'))}'; tags are not allowed, delete it"
            )
        if len(self._frames) >= MOST_DEPTH and not isinstance(event, ScalarEvent):
            self._stop(_position(event), f"is nested deeper than {MOST_DEPTH} levels; must be less deep")
        if isinstance(event, ScalarEvent) and len(event.value) > LONGEST_SCALAR:
            self._stop(
                _position(event), f"has a text of {len(event.value):,} characters; must be at most {LONGEST_SCALAR:,}"
            )

    def _add(self, event: NodeEvent) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None:
            frame.key = self._key(event, frame)
            return
        path = self._path(frame)
        is_nothing = isinstance(event, ScalarEvent) and not event.value and event.style is None
        self._document.values[path] = (
            self._document.keys.get(path, _position(event)) if is_nothing else _position(event)
        )
        value = self._value(event, path)
        self._store(frame, value)
        if isinstance(value, (dict, list)):
            self._frames.append(_Frame(value, path))

    def _path(self, frame: _Frame | None) -> Path:
        if frame is None:
            return ()
        if isinstance(frame.container, list):
            return (*frame.path, len(frame.container))
        assert frame.key is not None
        return (*frame.path, frame.key, REPEATED) if frame.is_repeated else (*frame.path, frame.key)

    def _store(self, frame: _Frame | None, value: Any) -> None:
        if frame is None:
            self._document.data = value
        elif isinstance(frame.container, list):
            frame.container.append(value)
        else:
            assert frame.key is not None
            if not frame.is_repeated:
                frame.container[frame.key] = value
            frame.key, frame.is_repeated = None, False

    def _value(self, event: NodeEvent, path: Path) -> Any:
        if isinstance(event, MappingStartEvent):
            return {}
        if isinstance(event, SequenceStartEvent):
            return []
        assert isinstance(event, ScalarEvent)
        return self._scalar(event, path)

    def _key(self, event: NodeEvent, frame: _Frame) -> str:
        if not isinstance(event, ScalarEvent):
            self._stop(_position(event), "has a mapping or list as a key; a key must be text")
        key, position = str(event.value), _position(event)
        path = (*frame.path, key)
        if not self._is_text(event):
            named = f"key {short(key)} is not text" if key else "key is empty"
            self._document.refuse(frame.path, position, f"{named}; put it in quotes: '{short(key)}'")
        elif path in self._document.keys:
            first = self._document.keys[path][0]
            frame.is_repeated = True
            self._document.refuse(frame.path, position, f"duplicate key '{short(key)}'; it is already on line {first}")
        else:
            self._check_characters(key, path, position)
        self._document.keys.setdefault(path, position)
        return key

    def _is_text(self, event: ScalarEvent) -> bool:
        return self._tag(event) in ("str", "timestamp", "merge", "value")

    def _tag(self, event: ScalarEvent) -> str:
        return str(self._resolve(ScalarNode, event.value, event.implicit)).removeprefix(TAG)

    def _scalar(self, event: ScalarEvent, path: Path) -> Any:
        text, tag = event.value, self._tag(event)
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag == "int":
            return self._integer(text, path, _position(event))
        if tag == "float":
            return _float(text)
        self._check_characters(text, path, _position(event))
        return str(text)

    def _integer(self, text: str, path: Path, position: Position) -> int:
        if LEADING_ZERO.fullmatch(text):
            message = f"is {short(text)}, with a leading zero; write it without, or in quotes if it is text"
            self._document.refuse(path, position, message)
            return 0
        try:
            return int(text.replace("_", ""), 0)
        except ValueError:
            # More digits than Python converts: no bound allows it.
            self._document.refuse(path, position, f"is a number of {len(text):,} digits; must be a smaller one")
            return 0

    def _check_characters(self, text: str, path: Path, position: Position) -> None:
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._document.refuse(
                path[:-1] if path else path, position, "has half of a surrogate pair; must be valid Unicode"
            )

    def _stop(self, position: Position, message: str) -> NoReturn:
        _stop(self._document.file, position, message)


def _float(text: str) -> float:
    words = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
    plain = text.replace("_", "").lower()
    return words[plain] if plain in words else float(plain)
