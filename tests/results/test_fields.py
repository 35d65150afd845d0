from __future__ import annotations

from sim.fields import FIELDS, TIMES


def test_names_tell_the_unit() -> None:
    suffixes = {"_seconds": "s", "_fraction": "fraction", "_minutes": ("min", "pod x min"), "_requests": "requests"}
    for name, field in FIELDS.items():
        for suffix, units in suffixes.items():
            if name.endswith(suffix):
                assert field.unit in units, name


def test_descriptions_are_one_line_without_full_stop() -> None:
    assert all(field.description and "\n" not in field.description for field in FIELDS.values())
    assert not any(field.description.endswith(".") for field in FIELDS.values())


def test_times_are_fields() -> None:
    assert set(TIMES) <= set(FIELDS)
