"""Colours, sizes and the blank page of every figure: the only place that sets a colour or a size.

Nothing here reads or sets Matplotlib's global settings, so figures can be drawn in several threads and a user's own
style changes none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

ThemeName = Literal["light", "dark"]

Style = dict[str, Any]
"""Matplotlib's properties of an artist."""

FONT = "DejaVu Sans"
"""Ships with Matplotlib and holds every sign used."""

PROJECTOR = (12.8, 7.2)
TALL = (12.8, 8.6)
"""Inches; at 150 dpi 1920 x 1080 pixels, and a little more for the figure with seven panels."""

DPI = 150
SMALL, BODY, STRONG, TITLE = 11.0, 12.5, 14.0, 18.0
"""Points; the smallest is 1/47 of the height of a projected page."""

LEFT = 0.03
"""Where titles and panel names begin, as a share of the width."""


@dataclass(frozen=True)
class Theme:
    """The colours of one look.

    stable, candidate: the hues of the two versions; another version is `other`. candidate_text: the candidate's hue
    where it is read as text. on_hue: marks on a version's hue, where ink would be too faint in the dark.
    """

    name: ThemeName
    surface: str
    panel: str
    ink: str
    muted: str
    rule: str
    stable: str
    candidate: str
    candidate_text: str
    passed: str
    other: str
    on_hue: str
    label_on_hue: str


LIGHT = Theme(
    name="light",
    surface="#FFFFFF",
    panel="#F4F5F7",
    ink="#1A1A1A",
    muted="#595959",
    rule="#D0D4DA",
    stable="#0072B2",
    candidate="#D55E00",
    candidate_text="#A84A00",
    passed="#009E73",
    other="#CC79A7",
    on_hue="#1A1A1A",
    label_on_hue="#FFFFFF",
)
DARK = Theme(
    name="dark",
    surface="#191919",
    panel="#242424",
    ink="#F2F2F2",
    muted="#B8B8B8",
    rule="#454545",
    stable="#56B4E9",
    candidate="#E69F00",
    candidate_text="#E69F00",
    passed="#009E73",
    other="#CC79A7",
    on_hue="#191919",
    label_on_hue="#000000",
)
THEMES: dict[str, Theme] = {theme.name: theme for theme in (LIGHT, DARK)}


class Page(Figure):
    """A Matplotlib figure in one theme; a notebook shows it without any set-up."""

    def __init__(self, theme: Theme, size: tuple[float, float] = PROJECTOR) -> None:
        super().__init__(figsize=size, dpi=DPI, facecolor=theme.surface, edgecolor="none")
        self.set_layout_engine("none")
        self.theme = theme
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=DPI / 2, facecolor=self.theme.surface, metadata={"Software": None})
        return picture.getvalue()

    def write(self, x: float, y: float, text: str, **style: Any) -> Text:
        """Return a text placed in shares of the page."""
        return self.text(x, y, text, **text_style(self.theme, **style))

    def head(self, title: str, *lines: str) -> None:
        """Write what was found and, below it, how it was made."""
        height = self.get_size_inches()[1]
        step = 0.325 / height
        y = 1 - 0.26 / height
        fitted(self.write(LEFT, y, title, fontsize=TITLE, fontweight="bold", va="top"), self, least=STRONG)
        for number, line in enumerate(lines):
            place = y - 0.36 / height - number * step * 0.84
            fitted(self.write(LEFT, place, line, fontsize=BODY, va="top", color=self.theme.muted), self)

    def rule(self, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
        """Draw a line in shares of the page."""
        self.add_artist(Line2D(xs, ys, **{"color": self.theme.rule, "linewidth": 1.0, **style}))

    def panel(self, box: tuple[float, float, float, float]) -> Axes:
        """Return axes styled by the theme alone. box: left, bottom, width, height in shares of the page."""
        theme = self.theme
        axes = self.add_axes(box)
        axes.set_facecolor(theme.surface)
        axes.set_axisbelow(True)
        axes.grid(True, axis="y", color=theme.rule, linewidth=0.8, linestyle="-", alpha=1.0)
        axes.grid(False, axis="x")
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set(color=theme.rule, linewidth=1.2)
        axes.tick_params(
            which="both",
            labelsize=SMALL,
            labelfontfamily=FONT,
            labelcolor=theme.muted,
            color=theme.muted,
            direction="out",
            top=False,
            right=False,
            left=True,
            bottom=True,
        )
        axes.tick_params(axis="x", length=4, width=1.0)
        axes.tick_params(axis="y", length=0)
        return axes

    def extent(self, text: Text) -> Bbox:
        """Return the box of a text in pixels."""
        return text.get_window_extent(self.canvas.get_renderer())  # type: ignore[attr-defined]


def text_style(theme: Theme, **style: Any) -> dict[str, Any]:
    """Return the style of a text; whatever is given wins."""
    return {
        "fontfamily": FONT,
        "fontsize": BODY,
        "fontstyle": "normal",
        "fontweight": "normal",
        "color": theme.ink,
        "parse_math": False,
        **style,
    }


def write(axes: Axes, theme: Theme, x: float, y: float, text: str, **style: Any) -> Text:
    """Return a text placed in the units of the axes."""
    return axes.text(x, y, text, **text_style(theme, **style))


def fitted(text: Text, page: Page, right: float = 1 - LEFT, least: float = SMALL) -> Text:
    """Return the text so that it ends before `right` (a share of the width): smaller, or else cut.

    least: the smallest size in points.
    """
    limit = right * page.bbox.width
    size = float(text.get_fontsize())
    while page.extent(text).x1 > limit and size > least:
        size = max(least, size - 1)
        text.set_fontsize(size)
    kept = text.get_text()
    while len(kept) > 1 and page.extent(text).x1 > limit:
        kept = kept.rsplit(" ", 1)[0] if " " in kept else kept[:-1]
        text.set_text(kept.rstrip(",.;:") + "…")
    return text


def theme_named(name: str) -> Theme:
    """Return the theme of that name."""
    if name not in THEMES:
        raise ValueError(f"theme is {name!r}; must be one of {', '.join(THEMES)}")
    return THEMES[name]
