"""How a command ends: every error as a message on stderr and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from sim.errors import RollsimError

INTERNAL = 5
INTERRUPTED = 130


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn what goes wrong inside into a message and the exit code that belongs to it."""
    try:
        yield
    except RollsimError as error:
        say(str(error))
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        say("interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except (typer.Exit, BrokenPipeError):
        raise
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        raise typer.Exit(INTERNAL) from error
    except Exception as error:
        traceback.print_exc()
        say(f"internal error: {type(error).__name__}: {error}; this is a bug of rollsim, please report it")
        raise typer.Exit(INTERNAL) from error


def finish(code: int) -> None:
    """End the command with `code`."""
    if code:
        raise typer.Exit(code)


def say(message: str) -> None:
    """Print talk, which belongs on stderr; stdout is for data."""
    print(message, file=sys.stderr, flush=True)
