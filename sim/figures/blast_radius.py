"""Blast radius per strategy: who was hurt, how much, and what that is of the error budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.figures.marks import bracket_across, crossed
from sim.figures.results import Estimate, Results, Row, results
from sim.figures.sources import ComparisonSource
from sim.figures.theme import BODY, LEFT, SMALL, STRONG, Page, Style, fitted, theme_named, write
from sim.figures.titles import comparison_made
from sim.figures.words import Wording

TOP, BOTTOM = 0.752, 0.02
NAMES_RIGHT = 0.23
COLUMNS = {"excess": (0.235, 0.52), "users": (0.53, 0.7), "peak": (0.712, 0.862), "budget": (0.874, 0.985)}
"""Left and right of each column, in shares of the page's width."""

MONTH = 30 * 86_400.0
"""Seconds over which an error budget is counted."""


@dataclass(frozen=True)
class Sheet:
    """The page, its words and the sizes that follow from the number of rows."""

    page: Page
    words: Wording
    rows: int

    @property
    def row_height(self) -> float:
        return (TOP - BOTTOM) / self.rows

    @property
    def is_tight(self) -> bool:
        """True when the rows are too low for two generous lines."""
        return self.rows > 7

    @property
    def name_size(self) -> float:
        return STRONG if self.is_tight else STRONG + 4

    @property
    def number_size(self) -> float:
        return STRONG if self.is_tight else STRONG + 2


def blast_radius(comparison: ComparisonSource, theme: str = "light", words: Mapping[str, str] | None = None) -> Figure:
    """Return the figure of the damage each strategy did: one row a strategy, the most harmful first."""
    wording = Wording(words)
    found = results(comparison)
    page = Page(theme_named(theme))
    sheet = Sheet(page, wording, len(found.rows))
    page.head(_title(found, wording), *comparison_made(comparison, found, wording))
    columns = {name: _column(sheet, comparison, name) for name in COLUMNS}
    scales = {field: _scale(found, field) for field in (EXCESS, USERS)}
    for number, row in enumerate(found.by_harm):
        y = sheet.rows - 1 - number
        _draw_name(sheet, row, y)
        _draw_harm(sheet, columns["excess"], row.estimate(EXCESS), y, scales[EXCESS], wording.count)
        _draw_harm(sheet, columns["users"], row.estimate(USERS), y, scales[USERS], wording.percent)
        _draw_peak(sheet, columns["peak"], row.estimate("peak_exposure_fraction"), y)
        _draw_budget(sheet, columns["budget"], row, y)
    return page


EXCESS, USERS = "excess_failed_requests", "users_affected_fraction"


def _title(found: Results, words: Wording) -> str:
    worst, best = found.by_harm[0], found.by_harm[-1]
    if all(row.harm <= 0 for row in found.rows):
        return words("blast_title_all_zero")
    label, most = words.strategy(worst.strategy), words.count(worst.harm)
    if len(found.rows) == 1:
        return words("blast_title_one", strategy=label, count=most)
    least = words.count(max(best.harm, 0.0))
    return words("blast_title", worst=label, most=most, best=words.strategy(best.strategy), least=least)


def _column(sheet: Sheet, comparison: ComparisonSource, name: str) -> Axes:
    """Return the axes of a column, with its heading and the lines between rows."""
    page, words = sheet.page, sheet.words
    left, right = COLUMNS[name]
    axes = page.panel((left, BOTTOM, right - left, TOP - BOTTOM))
    axes.set(xticks=[], yticks=[], ylim=(-0.5, sheet.rows - 0.5), xlim=(0, 1))
    axes.spines["bottom"].set_visible(False)
    axes.set_gid(name)
    page.write(left, TOP + 0.045, words(name), fontsize=STRONG, fontweight="bold", va="bottom")
    release = comparison.scenario.release
    version = "" if release is None else release.to_version
    availability = words.exact_percent(comparison.scenario.objectives.availability)
    below = "" if name == "peak" and not version else words(f"{name}_sub", version=version, availability=availability)
    page.write(left, TOP + 0.012, below, fontsize=SMALL, va="bottom", color=page.theme.muted)
    for number in range(sheet.rows):
        y = BOTTOM + (number + 1) * sheet.row_height
        page.rule([LEFT, 1 - LEFT / 2], [y, y])
    return axes


def _draw_name(sheet: Sheet, row: Row, y: int) -> None:
    page, words = sheet.page, sheet.words
    middle = BOTTOM + (y + 0.5) * sheet.row_height
    name = page.write(
        LEFT, middle, words.strategy(row.strategy), fontsize=sheet.name_size, fontweight="bold", va="bottom"
    )
    fitted(name, page, NAMES_RIGHT)
    ended = page.write(LEFT, middle - 0.006, _ended(row, words), fontsize=SMALL, va="top", color=page.theme.muted)
    fitted(ended, page, NAMES_RIGHT)


def _ended(row: Row, words: Wording) -> str:
    """Return how most replications ended, and when somebody noticed."""
    outcome, count = max(row.outcomes.items(), key=lambda item: item[1])
    of = sum(row.outcomes.values())
    text = words(outcome) if count == of else words("outcome_some", outcome=words(outcome), count=count, of=of)
    noticed = row.estimate("time_to_detect_seconds")
    if noticed is None or noticed.n == 0 or outcome == "promoted":
        return text
    return f"{text}, {words('noticed_after', span=words.span(noticed.mean))}"


Scale = tuple[float, float]


def _scale(found: Results, field: str) -> Scale:
    """Return the least and the greatest value a column of bars must show; never an empty range."""
    estimates = [estimate for row in found.rows if (estimate := row.estimate(field))]
    means = [0.0, *(estimate.mean for estimate in estimates)]
    size = max(means) - min(means)
    # An interval of very few runs may leave the column: it must not press the bars flat.
    low = max(min([0.0, *(estimate.low for estimate in estimates)]), min(means) - LONGEST_BELOW * size)
    high = min(max([0.0, *(estimate.high for estimate in estimates)]), max(means) + LONGEST_ABOVE * size)
    return (low, high) if high > low else (0.0, 1.0)


LONGEST_BELOW, LONGEST_ABOVE = 0.2, 0.6


LABEL_ROOM = 0.36
"""Share of a column of bars kept for the number behind the bar."""


def _draw_harm(
    sheet: Sheet,
    axes: Axes,
    estimate: Estimate | None,
    y: int,
    scale: Scale,
    number: Callable[[float], str],
) -> None:
    """Draw a crossed bar with its interval and its number."""
    theme = sheet.page.theme
    low, high = scale
    room = (high - low) / (1 - LABEL_ROOM)
    axes.set_xlim(low - 0.012 * room, low + room)
    axes.plot([0, 0], [y - 0.5, y + 0.5], color=theme.muted, linewidth=1.6, zorder=2)
    if estimate is None:
        write(axes, theme, 0.02 * room, y, sheet.words("no_data"), va="center", fontsize=BODY, color=theme.muted)
        return
    if estimate.mean:
        axes.barh(y, estimate.mean, 0.34, linewidth=1.5, **crossed(theme.ink, theme.muted, theme.panel, "xx"))
    if estimate.has_interval and estimate.high - estimate.low > 0.008 * room:
        bracket_across(axes, theme, estimate.low, estimate.high, y, 0.24, scale)
    end = min(max(estimate.mean, estimate.high, 0.0), high)
    style: Style = {"va": "center", "fontsize": sheet.number_size, "fontweight": "bold"}
    write(axes, theme, end + 0.022 * room, y, number(estimate.mean), **style)


def _draw_peak(sheet: Sheet, axes: Axes, estimate: Estimate | None, y: int) -> None:
    """Draw the largest share of traffic on the new version, in a box that stands for all of it."""
    theme = sheet.page.theme
    box: Style = {"xy": (0, y - 0.17), "height": 0.34}
    axes.set_xlim(-0.012, 1.75)
    axes.add_patch(Rectangle(width=1, facecolor="none", edgecolor=theme.muted, linewidth=1.5, **box))
    if estimate is not None:
        axes.add_patch(Rectangle(width=estimate.mean, facecolor=theme.candidate, linewidth=0, gid="peak bar", **box))
    text = sheet.words("no_data") if estimate is None else sheet.words.percent(estimate.mean)
    write(axes, theme, 1.06, y, text, va="center", fontsize=sheet.number_size, fontweight="bold")


def _draw_budget(sheet: Sheet, axes: Axes, row: Row, y: int) -> None:
    """Write how much of 30 days' error budget is gone, and what stretch of the 30 days that is."""
    theme, words = sheet.page.theme, sheet.words
    errors = row.estimate("error_budget_used_fraction")
    if errors is None:
        write(axes, theme, 0, y, words("no_data"), va="center", color=theme.muted)
        return
    latency = row.estimate("latency_budget_used_fraction")
    used = max(errors.mean, 0.0)
    below = words("budget_share", span=words.span(used * MONTH)) if used * MONTH >= 1 else ""
    if latency is not None and latency.mean > max(used, LEAST_LATENCY_BUDGET):
        below = words("budget_latency", value=words.percent(latency.mean))
    style: Style = {"fontsize": sheet.number_size, "fontweight": "bold"}
    write(axes, theme, 0, y + (0.03 if below else 0), words.percent(used), va="bottom" if below else "center", **style)
    write(axes, theme, 0, y - 0.04, below, va="top", fontsize=SMALL, color=theme.muted)


LEAST_LATENCY_BUDGET = 0.0005
"""From here on the latency budget is worth a line when it is hit harder than the error budget."""
