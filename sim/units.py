"""Text as Kubernetes, Istio and Argo write it to numbers, and back: "1m30s", "25%", "200rps", "5%", a count."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

DAY = 86_400.0
SECONDS = {"d": DAY, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:d|h|ms|us|µs|m|s))+")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|us|µs|m|s)")
RATE = re.compile(r"(\d+(?:\.\d+)?)rps")
PERCENT = re.compile(r"(-?\d+(?:\.\d+)?)\s*%")
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)?")
SUFFIXES: dict[str, Decimal | int] = {
    "m": Decimal("0.001"),
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
}
"""Source: Kubernetes apimachinery resource.Quantity (its rarer suffixes and exponents left out)."""
LARGEST_SEED = 2**64 - 1
LARGEST_EXACT = 2**53
"""Larger integers have no exact float."""

Kind = Literal["duration", "rate", "share", "percent", "count", "number", "quantity"]
Number = int | float

UNITS: dict[Kind, str] = {
    "duration": "seconds",
    "rate": "requests per second",
    "share": "0 to 1",
    "percent": "0 to 100",
    "count": "",
    "number": "",
    "quantity": "",
}
WORDS: dict[Kind, str] = {
    "duration": "a duration: 500ms, 30s, 1m30s, 2h or a number of seconds",
    "rate": "a rate: 200rps or a number of requests per second",
    "share": "a share: 5% or a number from 0 to 1",
    "percent": "a percentage: 25 or 25%",
    "count": "a whole number",
    "number": "a number",
    "quantity": "a quantity as in Kubernetes: 500m, 2 or 1k",
}
PATTERNS: dict[Kind, str] = {
    "duration": r"^(\d+(\.\d+)?(d|h|m|s|ms|us|µs))+$",
    "rate": r"^\d+(\.\d+)?rps$",
    "share": r"^\d+(\.\d+)?\s*%$",
    "percent": r"^\d+(\.\d+)?\s*%$",
    "quantity": r"^\d+(\.\d+)?(m|k|M|G|Ki|Mi|Gi)?$",
}


def parse_duration(text: str) -> float | None:
    """Return the seconds that `text` says, None when it is no duration."""
    if not DURATION.fullmatch(text):
        return None
    # Decimals, so that 0.3s and 300ms are the same number.
    parts = (Decimal(number) * Decimal(str(SECONDS[unit])) for number, unit in DURATION_PART.findall(text))
    return float(sum(parts, Decimal(0)))


def format_duration(seconds: float) -> Number | str:
    """Return `seconds` as 1m30s where that reads back as the same number, else the number."""
    if seconds <= 0 or not math.isfinite(seconds):
        return plain(seconds)
    if seconds < 1:
        candidate = f"{plain(round(seconds * 1000, 6))}ms"
    else:
        candidate, rest = "", seconds
        for unit in ("d", "h", "m"):
            whole, rest = divmod(rest, SECONDS[unit])
            candidate += f"{int(whole)}{unit}" if whole else ""
        candidate += f"{plain(round(rest, 6))}s" if rest else ""
    return candidate if parse_duration(candidate) == seconds else plain(seconds)


def plain(number: float) -> Number:
    """Return a whole float as an integer, for people."""
    return int(number) if math.isfinite(number) and number == int(number) and abs(number) < LARGEST_EXACT else number


def _parse_rate(text: str) -> float | None:
    found = RATE.fullmatch(text)
    return float(found[1]) if found else None


def _parse_share(text: str) -> float | None:
    found = PERCENT.fullmatch(text)
    return float(Decimal(found[1]) / 100) if found else None


def _parse_percent(text: str) -> float | None:
    found = PERCENT.fullmatch(text)
    return float(found[1]) if found else None


def _parse_quantity(text: str) -> float | None:
    found = QUANTITY.fullmatch(text)
    return float(Decimal(found[1]) * SUFFIXES.get(found[2] or "", 1)) if found else None


PARSERS: dict[Kind, Callable[[str], float | None]] = {
    "duration": parse_duration,
    "rate": _parse_rate,
    "share": _parse_share,
    "percent": _parse_percent,
    "quantity": _parse_quantity,
}


def _format_share(share: float) -> Number | str:
    candidate = f"{plain(round(share * 100, 9))}%"
    return candidate if _parse_share(candidate) == share else plain(share)


def shown(value: object) -> str:
    """Return a value of a file as an error message names it, shortened."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True)
class Quantity:
    """What a number of a scenario is and may be: the one place for its unit and bounds, used as an annotation."""

    kind: Kind
    low: float = 0.0
    high: float = math.inf
    above: bool = False
    """The low bound itself is excluded."""
    bare: bool = False
    """Written as a plain number: keys whose name says seconds, as in Kubernetes."""

    @property
    def unit(self) -> str:
        """Return the unit after parsing, "" for none."""
        return UNITS[self.kind]

    @property
    def bounds(self) -> str:
        """Return the bounds in words, as in "between 0 and 100"."""
        low, high = self._words(self.low), self._words(self.high)
        if math.isinf(self.high):
            return f"above {low}" if self.above else f"{low} or more"
        bounds = f"above {low} and at most {high}" if self.above else f"between {low} and {high}"
        return f"{bounds}, or {100 * self.low:g}% to {100 * self.high:g}%" if self.kind == "share" else bounds

    def parse(self, value: object) -> Number:
        """Return `value` as a number; counts are integers.

        Raises:
            ValueError: it is no number of this kind, or out of bounds; the message says both.
        """
        number = self._number(value)
        outside = number < self.low or number > self.high or (self.above and number == self.low)
        if outside:
            raise ValueError(f"is {shown(value)}; must be {self.bounds}")
        return number

    def format(self, number: Number) -> Number | str:
        """Return the number as a file shows it; `parse` reads the same number back."""
        if self.bare:
            return plain(number)
        if self.kind == "duration":
            return format_duration(number)
        if self.kind == "rate":
            return f"{number:g}rps" if _parse_rate(f"{number:g}rps") == number else plain(number)
        if self.kind == "share":
            return _format_share(number)
        return plain(number)

    def _number(self, value: object) -> Number:
        number: Number | None = None
        if isinstance(value, str):
            number = PARSERS[self.kind](value.strip()) if self.kind in PARSERS else None
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            number = value
        if number is None:
            raise ValueError(f"is {shown(value)}; must be {WORDS[self.kind]}")
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError(f"is {shown(value)}; must be a finite number")
        if self.kind != "count":
            return float(number) if abs(number) < LARGEST_SEED else math.inf
        if number != int(number):
            raise ValueError(f"is {shown(value)}; must be {WORDS[self.kind]}")
        return int(number)

    def _words(self, number: Number) -> str:
        if self.kind == "duration" and math.isfinite(number):
            return str(format_duration(number))
        return f"{plain(number):,}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(self.format, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "integer" if self.kind == "count" else "number"}
        number["exclusiveMinimum" if self.above else "minimum"] = plain(self.low)
        if math.isfinite(self.high):
            number["maximum"] = plain(self.high)
        if self.kind not in PATTERNS:
            return number
        return {"anyOf": [number, {"type": "string", "pattern": PATTERNS[self.kind]}], "x-unit": self.unit}


LONGEST = 30 * DAY

Duration = Annotated[float, Quantity("duration", high=LONGEST)]
PositiveDuration = Annotated[float, Quantity("duration", high=LONGEST, above=True)]
Seconds = Annotated[float, Quantity("duration", high=LONGEST, bare=True)]
PositiveSeconds = Annotated[float, Quantity("duration", high=LONGEST, above=True, bare=True)]
Rate = Annotated[float, Quantity("rate", high=1_000_000)]
Share = Annotated[float, Quantity("share", high=1)]
Percent = Annotated[float, Quantity("percent", high=100)]


@dataclass(frozen=True)
class IntOrPercent:
    """A count or a percentage of a total, as maxSurge and maxUnavailable are."""

    value: float
    is_percent: bool

    def of(self, total: int, round_up: bool) -> int:
        """Return the count out of `total`: surge rounds up, unavailable down.

        Source: Kubernetes apimachinery intstr.GetScaledValueFromIntOrPercent.
        """
        if not self.is_percent:
            return int(self.value)
        exact = Decimal(str(self.value)) * total / 100
        return math.ceil(exact) if round_up else math.floor(exact)

    @classmethod
    def parse(cls, value: object) -> IntOrPercent:
        """Return `value`, a count or text such as "25%".

        Raises:
            ValueError: it is neither, or out of bounds.
        """
        if isinstance(value, IntOrPercent):
            return value
        percent = _parse_percent(value.strip()) if isinstance(value, str) else None
        if percent is not None:
            if not 0 <= percent <= 100:
                raise ValueError(f"is {value}; must be between 0% and 100%")
            return cls(percent, True)
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or value != value
            or value in (math.inf, -math.inf)
        ):
            raise ValueError(f"is {shown(value)}; must be a count or a percentage: 1 or 25%")
        if value != int(value):
            raise ValueError(f"is {value}; must be a whole number or a percentage such as 25%")
        if not 0 <= value <= MOST_REPLICAS:
            raise ValueError(f"is {value}; must be between 0 and {MOST_REPLICAS:,}")
        return cls(int(value), False)

    def __str__(self) -> str:
        return f"{plain(self.value)}%" if self.is_percent else str(int(self.value))

    def format(self) -> Number | str:
        """Return it as a file shows it."""
        return str(self) if self.is_percent else int(self.value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.format, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        count = {"type": "integer", "minimum": 0, "maximum": MOST_REPLICAS}
        return {"anyOf": [count, {"type": "string", "pattern": PATTERNS["percent"]}]}


MOST_REPLICAS = 10_000
