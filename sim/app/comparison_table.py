"""A comparison as a real table: one row a strategy, safest first, each number with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.app.html import table, tag, text
from sim.app.words import words
from sim.comparison import Comparison
from sim.figures.words import Wording

SAY = Wording()
ENDED_BADLY, UNDECIDED = ("rolled_back", "failed"), ("paused", "in_progress")
COLUMNS = ("strategy", "excess", "users", "exposure", "detected", "recovered", "delivery", "cost", "budget")
CLASS = "comparison"

Result = Mapping[str, Any]


def comparison_table(comparison: Comparison, title: str, link: Callable[[str], str | None] = lambda _: None) -> str:
    """Return the table as HTML; a strategy links to where it can be seen."""
    made = words(
        "compare_made" if comparison.replications > 1 else "compare_made_one",
        n=comparison.replications,
        seed=comparison.seed,
    )
    most = max(
        (_mean(result, "excess_failed_requests") or 0.0 for result in comparison.strategies.values()), default=0.0
    )
    rows = [_row(_name(name, link(name)), comparison.strategies[name], most) for name in comparison.safest_first]
    heads = [words(f"head_{column}") for column in COLUMNS]
    return table((tag("b", text(title)), text(made)), heads, rows, CLASS, title)


def _name(name: str, link: str | None) -> str:
    return text(name) if link is None else tag("a", text(name), href=link, target="_self")


def _row(name: str, result: Result, most: float) -> list[str]:
    return [
        name + tag("small", text(_outcome(result))),
        _bar(result, most) + _number(result, "excess_failed_requests", SAY.count),
        _number(result, "users_affected_fraction", SAY.percent),
        _share(result) + _number(result, "peak_exposure_fraction", SAY.percent, small=False),
        _time(result, "time_to_detect_seconds"),
        _time(result, "time_to_recover_seconds"),
        _number(result, "delivery_seconds", SAY.clock, small=False),
        _number(result, "extra_pod_minutes", _signed, small=False),
        _number(result, "error_budget_used_fraction", SAY.percent, small=False),
    ]


def _outcome(result: Result) -> str:
    outcomes = result["outcome"] if isinstance(result["outcome"], Mapping) else {result["outcome"]: 1}
    of = sum(outcomes.values())
    said = [
        words(word) if count == of else words("outcomes_of", outcome=words(word), n=count, of=of)
        for word, count in outcomes.items()
    ]
    first = next(iter(outcomes))
    mark = "✕" if first in ENDED_BADLY else "?" if first in UNDECIDED else "✓"
    return f"{mark} {', '.join(said)}"


def _number(result: Result, field: str, say: Callable[[float], str], small: bool = True) -> str:
    """Return the mean, and its interval beside it when `small`."""
    mean = _mean(result, field)
    if mean is None:
        return _nothing(words("never") if field == "delivery_seconds" else words("not_told"))
    value, shown = result[field], tag("b", text(say(mean)))
    if not small or not isinstance(value, Mapping) or value["low"] is None:
        return shown
    return shown + tag("small", text(_between(say(value["low"]), say(value["high"]))))


def _between(low: str, high: str) -> str:
    """Return the interval, with the unit once."""
    number, unit, rest = high.partition("\u00a0")
    return words("interval_of", low=low.removesuffix(unit + rest), high=number) + unit + rest


def _time(result: Result, field: str) -> str:
    """Return a time since the first harm: never, when it did not come."""
    value = result[field]
    if not isinstance(value, Mapping):
        if value is not None:
            return tag("b", text(SAY.clock(value)))
        return _nothing(words("never" if _is_harmed(result) else "no_harm"))
    if value["n"] == 0:
        return _nothing(words("no_harm" if value["mean"] is None else "never"))
    clock = SAY.clock(value["mean"])
    some = "" if value["n"] == value["of"] else tag("small", text(words("times_of", n=value["n"], of=value["of"])))
    return tag("b", text(clock)) + some


def _is_harmed(result: Result) -> bool:
    return bool(result["exposed_requests"] or result["caused_failures"])


def _bar(result: Result, most: float) -> str:
    """Return the excess as a bar on a linear scale, with its interval."""
    if most <= 0:
        return ""
    mean, value = _mean(result, "excess_failed_requests") or 0.0, result["excess_failed_requests"]
    bar = tag("i", class_="bar", style=f"width:{_percent(mean, most)}%")
    if isinstance(value, Mapping) and value["low"] is not None:
        low, high = _percent(value["low"], most), _percent(value["high"], most)
        bar += tag("i", class_="interval", style=f"left:{low}%;width:{round(high - low, 2)}%")
    return tag("span", bar, class_="track", aria_hidden="true")


def _share(result: Result) -> str:
    share = _percent(_mean(result, "peak_exposure_fraction") or 0.0, 1.0)
    return tag("span", tag("i", style=f"width:{share}%"), class_="share")


def _percent(value: float, most: float) -> float:
    # An interval may reach beyond the longest bar; the track leaves it room.
    return round(100 * min(max(value, 0.0) / most, 1.15), 2)


def _mean(result: Result, field: str) -> float | None:
    value = result[field]
    mean = value["mean"] if isinstance(value, Mapping) else value
    return None if mean is None else float(mean)


def _signed(value: float) -> str:
    return f"+{SAY.count(value)}" if value > 0 else SAY.count(value)


def _nothing(word: str) -> str:
    return tag("span", text(word), class_="nothing")


def figure_says(comparison: Comparison) -> str:
    """Return in words what the figures of a comparison show."""
    sentences = []
    for name in comparison.safest_first:
        result = comparison.strategies[name]
        delivery = _mean(result, "delivery_seconds")
        time = words("never") if delivery is None else SAY.span(delivery)
        excess = SAY.count(_mean(result, "excess_failed_requests") or 0.0)
        sentences.append(words("figure_says", strategy=name, excess=excess, delivery=time))
    return " ".join(sentences)
