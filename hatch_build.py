"""What pyproject.toml cannot say about the wheel."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleTheApplication(BuildHookInterface):
    """Puts app.py beside its configuration inside the package; an editable install uses the checkout's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to a wheel that is not editable."""
        if version == "standard":
            build_data["force_include"]["app.py"] = "sim/bundled/app.py"
