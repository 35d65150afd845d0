"""The JSON schema of scenario documents, for editors; `python -m sim.scenario.schema` writes its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from sim.scenario.spec import ScenarioDocument
from sim.spec.model import LONGEST_NAME, STRATEGY_NAME, FrozenMapping
from sim.strategies import STRATEGIES

FILE = Path(__file__).parent.parent / "schema" / "scenario.json"


def json_schema() -> dict[str, Any]:
    """Return the schema that the models say, in JSON Schema 2020-12."""
    schema = ScenarioDocument.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema["$defs"]
    for definition in definitions.values():
        if "distribution" in definition.get("properties", {}):
            definition["required"] = sorted({*definition.get("required", ()), "distribution"})
    definitions["Spec"]["required"].remove("strategies")  # none is implied where nothing is released
    strategies = definitions["Spec"]["properties"]["strategies"]
    strategies.update(_strategies())
    del strategies["patternProperties"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "rollsim scenario"}
    return {**head, **_without_noise(schema, is_property_map=False)}


class _Generator(GenerateJsonSchema):
    """Shows an empty map as a default."""

    def encode_default(self, dft: Any) -> Any:
        return dict(dft) if isinstance(dft, FrozenMapping) else super().encode_default(dft)


def _strategies() -> dict[str, Any]:
    """Return the map of strategies: a name that is a type needs no `type`, any other does."""
    named = {kind: {"$ref": f"#/$defs/{model.__name__}"} for kind, model in STRATEGIES.items()}
    with_type = [{"allOf": [reference, {"required": ["type"]}]} for reference in named.values()]
    names = {"pattern": f"^{STRATEGY_NAME}$", "maxLength": LONGEST_NAME}
    return {"properties": named, "additionalProperties": {"anyOf": with_type}, "propertyNames": names}


def _without_noise(value: Any, *, is_property_map: bool) -> Any:
    """Drop the titles pydantic makes of names, and say "any of" where only one can fit anyway."""
    if isinstance(value, list):
        return [_without_noise(item, is_property_map=False) for item in value]
    if not isinstance(value, dict):
        return value
    if "patternProperties" in value and not is_property_map:
        value = {"additionalProperties": False, **value}
    kept = {key: item for key, item in value.items() if is_property_map or key not in ("title", "discriminator")}
    return {
        "anyOf" if key == "oneOf" and not is_property_map else key: _without_noise(
            item, is_property_map=key in ("properties", "$defs") and not is_property_map
        )
        for key, item in kept.items()
    }


def text() -> str:
    """Return the schema as the file has it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
