"""The command line: reads options, calls the same objects as the application and notebooks, prints what they say."""

from sim.cli.commands import app, main

__all__ = ["app", "main"]
