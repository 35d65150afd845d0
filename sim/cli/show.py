"""Tables for people: drawn on a terminal, plain aligned lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Row = Sequence[str]


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers go to the right."""

    title: str
    justify: Literal["left", "right"] = "left"


def show_table(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table on stdout."""
    if sys.stdout.isatty():
        _show_drawn(title, columns, rows)
    else:
        _show_plain(title, columns, rows)


def show_line(text: str = "") -> None:
    """Print a line on stdout."""
    print(text)


def _show_drawn(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column.title), justify=column.justify)
    for row in rows:
        table.add_row(*map(Text, row))  # Text: a scenario's own words are never markup
    Console().print(table)


def _show_plain(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    lines = [[column.title for column in columns], *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    print(title)
    for line in lines:
        cells = (
            cell.rjust(width) if column.justify == "right" else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        print("  ".join(cells).rstrip())
