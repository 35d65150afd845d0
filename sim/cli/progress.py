"""A progress bar for people: on stderr, only on a terminal, and only for work of more than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 1.0

Advance = Callable[[int, int], None]
"""Called with how many runs are done, and of how many."""


@contextmanager
def progress_bar(label: str, quiet: bool) -> Iterator[Advance]:
    """Yield what is to be called as work gets done."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(label, total=None)
    begin = threading.Timer(PATIENCE_SECONDS, bar.start)
    begin.daemon = True
    begin.start()
    try:
        yield lambda done, total: bar.update(task, completed=done, total=total)
    finally:
        begin.cancel()
        bar.stop()
