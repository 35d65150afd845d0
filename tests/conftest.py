"""Shared by all tests: where the checkout is, and what happens to browser tests without a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes says nothing
hypothesis.settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def pytest_report_header() -> str:
    found = chromium()
    return f"browser tests: run in {found}" if found else "browser tests: left out, no Chromium on this machine"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the browser tests out where there is no browser; in CI, which installs one, that is an error."""
    driven = [item for item in items if item.get_closest_marker("browser")]
    if not driven or chromium():
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("Chromium is missing, and CI runs the browser tests")
    config.hook.pytest_deselected(items=driven)
    items[:] = [item for item in items if item not in driven]
