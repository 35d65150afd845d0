"""Every word and number format of the figures, in one table, so that another language is another table."""

from __future__ import annotations

import math
from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    # How numbers are written.
    "decimal_mark": ".",
    "thousands_mark": "\u202f",
    "percent": "{number}\u00a0%",
    "seconds": "{number}\u00a0s",
    "milliseconds": "{number}\u00a0ms",
    "minutes": "{number}\u00a0min",
    "hours": "{number}\u00a0h",
    "days": "{number}\u00a0d",
    "per_second": "{number}/s",
    # Strategies by type; a free name is shown as it is written.
    "recreate": "Recreate",
    "rollingUpdate": "Rolling update",
    "blueGreen": "Blue-green",
    "canary": "Canary",
    "abTest": "A/B test",
    "shadow": "Shadow",
    "progressive": "Progressive",
    "batches": "Batches",
    "none": "No release",
    # Outcomes.
    "promoted": "promoted",
    "rolled_back": "rolled back",
    "kept": "old version kept",
    "paused": "waits for a person",
    "failed": "failed, nobody undid it",
    "in_progress": "not finished",
    "plain": "nothing was released",
    # Verdicts.
    "pass": "pass",
    "inconclusive": "wait",
    "fail": "fail",
    "error": "no data",
    # Everywhere.
    "no_data": "no data",
    "version_no_data": "{version}: no data",
    "clock_unit": "minutes:seconds",
    "made": "{rate}, {pods}, seed {seed}",
    "rate_constant": "{rate} requests/s",
    "rate_varying": "{low} to {high} requests/s",
    "rate_trace": "traffic from a trace",
    "pods_one": "1 pod of {version}",
    "pods_many": "{count} pods of {version}",
    # Rollout progress.
    "progress_title": "{strategy}: {outcome}, {harm}",
    "harm": "{count} more requests failed than without it",
    "harm_one": "one more request failed than without it",
    "harm_none": "no more requests failed than without it",
    "harm_plain": "{failed} requests failed",
    "ended_at": "{outcome} at {clock}",
    "progress_made": "{made}, bins of {width}. Thin vertical lines are events.",
    "shown_until": "The rest of {span} is as without a release.",
    "events": "Events",
    "share": "Share of {version}",
    "pods": "Pods",
    "served": "Served",
    "failed_panel": "Failed",
    "error_rate": "Error rate",
    "latency": "Latency",
    "share_plain": "Share",
    "share_unit": "% of requests",
    "pods_unit": "count, by phase",
    "rate_unit": "requests/s",
    "error_unit": "% of requests",
    "latency_unit": "ms, log scale",
    "asked": "asked",
    "actual": "actual",
    "copies": "copies",
    "ready": "ready",
    "starting": "starting",
    "terminating": "ending",
    "version_failed": "{version} {count}",
    "nothing_failed": "nothing failed",
    "unreached_failed": "no pod {count}",
    "objective": "objective {value}",
    "limit": "limit {value}",
    "overall": "overall",
    "p99": "p99 overall",
    "of_version": "{version} {value}",
    "no_event": "nothing happened",
    "steps_joined": "{first} to {last} in {count} steps",
    "repeated": "{what} ×{count}",
    "look_failed": ": {value}, limit {threshold}",
    "page": "page: {name}",
    "copies_start": "copies begin",
    "copies_end": "copies end",
    "undo": "undone",
    "undo_analysis": "undone by the analysis",
    "undo_person": "undone by a person",
    "undo_operator": "undone by an operator",
    "operation": "operator: {name}",
    "outcome_promoted": "promoted",
    "outcome_kept": "old version kept",
    "outcome_failed": "failed",
    "pause": "waits for a person",
    "approve": "approved",
    "deadline": "no progress: deadline passed",
    "crash": "crash",
    "pull": "image not found",
    "kill": "killed with requests",
    "drain": "{name} is drained",
    "incident_begins": "incident: {name}",
    "incident_ends": "incident over",
    # Blast radius.
    "blast_title_one": "{strategy}: {count} requests failed that would not have",
    "blast_title": "{worst} costs {most} failed requests, {best} {least}",
    "blast_title_all_zero": "No strategy cost the users a request",
    "means": "Means of {n} paired runs, brackets are 95 % intervals.",
    "one_run": "One run each, so no intervals: use more replications for them.",
    "excess": "Excess failed requests",
    "excess_sub": "against the same run without release",
    "users": "Users affected",
    "users_sub": "hurt by the release",
    "peak": "Peak exposure",
    "peak_sub": "of traffic on {version}",
    "budget": "Error budget",
    "budget_sub": "{availability}, 30 days",
    "budget_share": "= {span} of it",
    "budget_latency": "latency: {value}",
    "outcome_some": "{outcome} {count} of {of}",
    "noticed_after": "seen after {span}",
    "users_count": "{count} users",
    # All strategies.
    "all_title": "The same {span}, {count} ways",
    "all_title_one": "{strategy} over {span}",
    "all_made": "Above the line: share of traffic on {version}. Below: failed requests/s. Same axes everywhere.",
    "first_run": "Curves: first run.",
    "all_mean": "{count} excess",
    "down": "no pod ready for {span}",
    "all_made_plain": "Hanging below the line, crossed: failed requests/s. Same axes everywhere.",
    "dotted_copies": "dotted = copies:\nno user sees {version} answer",
    "cut": "up to {value}",
    # The plane.
    "plane_title": "{safest} spares {count} requests that {fastest} loses, and takes {span} longer",
    "plane_title_best": "{strategy} is both the fastest and the safest here",
    "plane_title_none": "Nothing delivers here, so there is no price to compare",
    "plane_made": "Disc area = extra pod-minutes, written under each name. {means} Lower left is better.",
    "plane_x": "delivery time of a good release",
    "plane_y": "excess failed requests of this release",
    "plane_never": "does not\ndeliver",
    "front": "front: nothing is both\nfaster and safer",
    "better": "better",
    "pod_minutes": "{count} pod-min",
    "sometimes": "delivers {n} of {of}",
    # What an analysis saw.
    "looks_title": "{strategy}: {verdict}",
    "looks_failed": "{metric} was {value} at {clock}, the limit is {threshold}",
    "looks_passed": "{count} looks, none failed",
    "looks_undecided": "{metric} was {value} ({low} to {high}) at {clock}: cannot tell",
    "looks_passed_value": "{metric} was {value} at {clock}, the limit is {threshold}",
    "looks_blind": "{count} looks, none with enough data to tell",
    "looks_mixed": "{fails} of {count} looks failed, not enough to undo it",
    "looks_none": "no analysis, and no alert fired",
    "looks_none_body": "No analysis judged this run and no alert fired: nothing to show.",
    "looks_made": "Mark = measured, bar = 95 % interval, dashes = threshold.",
    "looks_some": "{shown} of {count} judged metrics shown, the telling ones first.",
    "look_at": "At",
    "samples": "Samples",
    "verdict": "Verdict",
    "threshold_is": "threshold {value}",
    "weight": "Weight",
    "judge_analysis": "Analysis",
    "judge_guardrail": "Guardrail",
    "judge_abTest": "A/B test",
    "judge_prePromotionAnalysis": "Before promotion",
    "judge_postPromotionAnalysis": "After promotion",
    "judge_alert": "Alert {name}",
    "metric_errorRate": "error rate",
    "metric_latencyP50": "median latency",
    "metric_latencyP99": "99th percentile latency",
    "metric_conversion": "conversion",
    "metric_difference": "new minus old, points",
    "named_difference": "the difference in {metric}",
    "points": "{number} points",
    "metric_saturation": "busy workers",
    "worse": "worse than allowed",
}


class Wording:
    """The words of one language, and how it writes numbers."""

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        self._words = {**ENGLISH, **(words or {})}

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of that key with the values filled in."""
        return self._words[key].format(**values)

    def has(self, key: str) -> bool:
        """True when there are words for that key."""
        return key in self._words

    def number(self, value: float, digits: int = 0) -> str:
        """Return the number with that many digits after the mark."""
        text = f"{abs(value):,.{digits}f}".replace(",", "\0").replace(".", self._words["decimal_mark"])
        sign = "\u2212" if round(value, digits) < 0 else ""
        return sign + text.replace("\0", self._words["thousands_mark"])

    def count(self, value: float) -> str:
        """Return a count; a mean below ten keeps one digit where it has one."""
        digits = 0 if abs(value) >= 10 or abs(value - round(value)) < 0.05 else 1
        return self.number(value, digits)

    def bare_percent(self, fraction: float) -> str:
        """Return a fraction in percent with two or three telling digits, without the sign."""
        value = 100 * fraction
        size = abs(value)
        digits = 0 if size >= 10 or size < 5e-5 else 1 if size >= 1 else 2 if size >= 0.1 else 3
        text = self.number(value, digits)
        return text.rstrip("0").rstrip(self._words["decimal_mark"]) if self._words["decimal_mark"] in text else text

    def percent(self, fraction: float) -> str:
        """Return a fraction in percent."""
        return self("percent", number=self.bare_percent(fraction))

    def exact_percent(self, fraction: float) -> str:
        """Return a fraction in percent with all its digits, for values that somebody wrote."""
        return self("percent", number=self.tick(100 * fraction))

    def tick(self, value: float) -> str:
        """Return a round number with the digits it has."""
        digits = next(digits for digits in range(9) if abs(value - round(value, digits)) < 1e-9 * max(1.0, abs(value)))
        return self.number(value, digits)

    def per_second(self, rate: float) -> str:
        """Return a rate."""
        return self("per_second", number=self.count(rate))

    def clock(self, seconds: float) -> str:
        """Return a moment as minutes:seconds, or hours:minutes:seconds from one hour on."""
        sign = "\u2212" if seconds <= -0.5 else ""
        whole = round(abs(seconds))
        minutes, rest = divmod(whole, 60)
        if minutes < 60:
            return f"{sign}{minutes}:{rest:02d}"
        return f"{sign}{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

    def span(self, seconds: float) -> str:
        """Return how long something took, in its own unit."""
        if seconds < 9.95:
            digits = 0 if abs(seconds - round(seconds)) < 0.05 else 1
            return self("seconds", number=self.number(seconds, digits))
        if seconds < 100 and seconds % 60 == 0:
            return self("minutes", number=self.number(seconds / 60))
        for unit, size, until in (("seconds", 1, 99.5), ("minutes", 60, 119.5), ("hours", 3600, 47.5)):
            if seconds / size < until:
                return self(unit, number=self._rounded(seconds / size))
        return self("days", number=self._rounded(seconds / 86400))

    def _rounded(self, value: float) -> str:
        digits = 1 if value < 9.95 and abs(value - round(value)) >= 0.05 else 0
        return self.number(value, digits)

    def measured(self, metric: str, value: float) -> str:
        """Return a measured value in the unit of its metric."""
        if math.isnan(value):
            return self("no_data")
        if metric == DIFFERENCE:
            return self.signed(value)
        if metric.startswith("latency"):
            return self("milliseconds", number=self.count(1000 * value))
        return self.percent(value)

    def signed(self, fraction: float) -> str:
        """Return a difference of two shares, in percentage points with its sign."""
        return self("points", number=f"{'+' if fraction > 0 else ''}{self.bare_percent(fraction)}")

    def limit(self, metric: str, value: float) -> str:
        """Return a threshold in the unit of its metric, with all its digits."""
        if math.isnan(value) or metric.startswith("latency"):
            return self.measured(metric, value)
        return self.tick(100 * value) if metric == DIFFERENCE else self.exact_percent(value)

    def strategy(self, name: str) -> str:
        """Return the label of a strategy: words for a type, a free name as it is written."""
        return self._words[name] if name in STRATEGY_TYPES else name


DIFFERENCE = "difference"
"""The kind of what an A/B test judges: two conversions, one minus the other."""

STRATEGY_TYPES = (
    "recreate",
    "rollingUpdate",
    "blueGreen",
    "canary",
    "abTest",
    "shadow",
    "progressive",
    "batches",
    "none",
)
