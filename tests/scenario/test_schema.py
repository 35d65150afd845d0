from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from sim.resources import schema_file
from sim.scenario import load
from sim.scenario.document import read
from sim.scenario.schema import text

HERE = Path(__file__).parent
GOOD = sorted([*(HERE / "valid").glob("*.yaml"), *(HERE.parent.parent / "scenarios").glob("*.yaml")])
WRONG_IN_ITSELF = (
    "cpu-as-duration",
    "later-key",
    "misspelled-key",
    "no-replicas",
    "probe-handler",
    "share-as-percent-number",
    "unknown-balancer",
    "unknown-distribution",
    "unknown-metric",
    "unknown-step",
    "unknown-strategy",
    "unknown-type",
    "upper-case-name",
    "weight-140",
    "wrong-unit",
)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_file_says_what_the_models_say() -> None:
    stale = "stale; write it again with: python -m sim.scenario.schema"
    assert schema_file().read_text(encoding="utf-8") == text(), stale


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_valid_files_and_what_is_dumped_keep_the_schema(file: Path, validator: jsonschema.Draft202012Validator) -> None:
    for data in (read(file.read_bytes(), file.name).data, load(file).as_dict(), load(file).resolved()):
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize("name", WRONG_IN_ITSELF)
def test_values_that_are_wrong_in_themselves_break_the_schema(
    name: str, validator: jsonschema.Draft202012Validator
) -> None:
    file = HERE / "invalid" / f"{name}.yaml"
    assert not validator.is_valid(read(file.read_bytes(), file.name).data)
