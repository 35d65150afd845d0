"""Test cases of the real systems: those in conformance/cases, or others of the same layout.

CONFORMANCE_DIR names a folder whose files are run instead; a file that it does not have is taken from here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

OWN = Path(__file__).parent / "conformance" / "cases"


def load(name: str) -> dict[str, Any]:
    """Return a file of cases."""
    other = os.environ.get("CONFORMANCE_DIR")
    path = Path(other) / name if other else OWN / name
    content: dict[str, Any] = json.loads((path if path.is_file() else OWN / name).read_text(encoding="utf-8"))
    return content


def of_group(file: dict[str, Any], name: str) -> pytest.MarkDecorator:
    """Run a test once for each case of a group: `case` has what goes `in` and what is to `expect`."""
    cases = [case for case in file["cases"] if case["group"] == name]
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def groups(file: dict[str, Any]) -> set[str]:
    """Return the groups that have cases."""
    return {case["group"] for case in file["cases"]}
