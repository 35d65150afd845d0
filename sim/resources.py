"""Where the files that travel with the program are: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
BUNDLED = PACKAGE / "bundled"
"""Made when the wheel is built (see pyproject.toml); a checkout has these files in its own root."""


def _root() -> Path:
    return BUNDLED if BUNDLED.is_dir() else PACKAGE.parent


def scenarios_folder() -> Path:
    """Return the folder of the built-in scenarios."""
    return _root() / "scenarios"


def builtin_scenarios() -> dict[str, Path]:
    """Return the built-in scenarios by name (the file's name without .yaml), in order of name."""
    return {path.stem: path for path in sorted(scenarios_folder().glob("*.yaml"))}


def app_file() -> Path:
    """Return the entry of the Streamlit application; `.streamlit/config.toml` lies beside it."""
    return _root() / "app.py"


def schema_file() -> Path:
    """Return the JSON schema of scenario documents."""
    return PACKAGE / "schema" / "scenario.json"
