"""How a bad release can be noticed, the same for every strategy: scrapes, alerts, the person on call."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from sim.spec import condition
from sim.spec.distributions import Constant, Law
from sim.spec.model import Model, Name, PlacedError
from sim.units import Duration, PositiveDuration, Quantity, format_duration

By = Literal["service", "version", "segment", "endpoint"]
MOST_ALERTS = 50
MOST_WINDOWS = 20


def _parses(text: str) -> str:
    try:
        condition.parse(text)
    except ValueError as error:
        raise ValueError(f"is {text!r:.80}; {error}") from None
    return text


ConditionText = Annotated[str, AfterValidator(_parses)]


class BurnWindow(Model):
    """A pair of windows; both must burn faster than the factor."""

    long: PositiveDuration = Field(description="The window that says it matters.")
    short: PositiveDuration = Field(description="The window that says it still lasts; shorter than long.")
    factor: Annotated[float, Quantity("number", high=1_000_000, above=True)] = Field(
        description="Error rate over 1 - availability, above which it fires."
    )

    @model_validator(mode="after")
    def _short_is_shorter(self) -> BurnWindow:
        if self.short >= self.long:
            short, long = format_duration(self.short), format_duration(self.long)
            raise PlacedError(("short",), f"is {short}; must be below long, {long}")
        return self


class Alert(Model):
    """A rule evaluated at every scrape, or in its own rhythm."""

    name: Name = Field(description="Its name.")
    kind: Literal["burnRate", "threshold"] = Field(
        description="burnRate: error budget spent too fast; threshold: a condition."
    )
    metric: Literal["errorRate"] = Field("errorRate", description="What is measured.")
    by: By = Field(
        "service", description="Over the whole service, or each version, segment of users or endpoint by itself."
    )
    windows: tuple[BurnWindow, ...] = Field(
        (), max_length=MOST_WINDOWS, description="For burnRate: fires when any pair burns too fast."
    )
    window: PositiveDuration | None = Field(None, description="For threshold: what the metric is taken over.")
    for_: Duration = Field(0.0, alias="for", description="How long it must hold before it fires.")
    condition: ConditionText | None = Field(
        None, description="For threshold: fires when this holds, such as result > 0.02."
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Alert:
        burns, compares = bool(self.windows), self.window is not None or self.condition is not None
        if self.kind == "burnRate" and (not burns or compares):
            raise ValueError("is of kind burnRate; must have windows and neither window nor condition")
        if self.kind == "threshold" and (burns or self.window is None or self.condition is None):
            raise ValueError("is of kind threshold; must have window and condition and no windows")
        if self.condition is not None and condition.parse(self.condition).needs_stable:
            raise ValueError(f"has condition {self.condition!r}; an alert's condition must be on result alone")
        return self


class OnCall(Model):
    """The person who reads alerts."""

    reaction: Law = Field(description="From the page until the person looks.")
    decision: Law = Field(
        Constant(value=0.0), description="From the look until the person does something about it; 0s: at once."
    )
    action: Literal["undo", "none"] = Field("undo", description="undo: undoes the release; none: only watches.")


class Approver(Model):
    """The person who ends a pause without duration."""

    reaction: Law = Field(description="From the start of the pause to the approval.")


class Monitoring(Model):
    """What is measured and who reacts; by default scrapes only, and nobody undoes anything."""

    scrape_interval: PositiveDuration = Field(15.0, description="What any judge or alert can know lags by up to this.")
    evaluation_interval: PositiveDuration | None = Field(
        None, description="How often alerts are looked at, on what the last scrape found; without it, at every scrape."
    )
    group_wait: Duration = Field(
        0.0,
        description="How long an alert waits for others before one page tells of all that still fire (Alertmanager).",
    )
    history: Literal["steady", "none"] = Field(
        "steady",
        description="What windows hold before the warm-up: the stable version's expected rates, or nothing.",
    )
    alerts: tuple[Alert, ...] = Field((), max_length=MOST_ALERTS, description="Rules that page the person on call.")
    on_call: OnCall | None = Field(None, description="The person on call; without one, nobody undoes the release.")
    approver: Approver | None = Field(None, description="Ends pauses without duration; without one, nobody comes.")

    @model_validator(mode="after")
    def _distinct_alerts(self) -> Monitoring:
        names = [alert.name for alert in self.alerts]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"has two alerts named '{repeated}'; names must differ")
        return self
