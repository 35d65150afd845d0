"""A figure as bytes or a file, the same bytes every time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import matplotlib
from matplotlib.figure import Figure

Format = Literal["png", "svg"]

_WRITING = Lock()
"""Matplotlib takes the settings of an SVG from global ones, which are changed only while one is written."""

SVG_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "rollsim", "svg.fonttype": "none"}
METADATA = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
"""Neither a date nor a version: equal figures have equal bytes."""


def picture(figure: Figure, kind: Format = "png") -> bytes:
    """Return the figure as PNG or SVG; texts of an SVG stay texts."""
    written = BytesIO()
    with _WRITING, matplotlib.rc_context(SVG_SETTINGS):
        figure.savefig(written, format=kind, dpi=figure.dpi, facecolor=figure.get_facecolor(), metadata=METADATA[kind])
    return written.getvalue()


def save(figure: Figure, path: Path | str) -> Path:
    """Return the path after writing the figure there, as PNG or SVG by its ending."""
    path = Path(path)
    kind = path.suffix.lstrip(".")
    if kind not in METADATA:
        raise ValueError(f"{path.name} ends in {path.suffix!r}; must end in .png or .svg")
    path.write_bytes(picture(figure, "svg" if kind == "svg" else "png"))
    return path
