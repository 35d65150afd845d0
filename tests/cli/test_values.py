import pytest

from sim.cli.values import duration, shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0312, "31 ms"),
        (4.25, "4.2 s"),
        (42.4, "42 s"),
        (59.7, "1m 00s"),
        (323, "5m 23s"),
        (3600, "1h 00m"),
        (7380, "2h 03m"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("outcome", "rolled_back", "rolled_back"),
        ("outcome", {"promoted": 5}, "promoted"),
        ("outcome", {"promoted": 3, "rolled_back": 2}, "promoted 3×, rolled_back 2×"),
        ("excess_failed_requests", 12345, "12,345"),
        ("excess_failed_requests", {"mean": 1200.4, "low": 1100, "high": 1300.8, "n": 5, "of": 5}, "1,200 ± 100"),
        ("users_affected_fraction", 0.1234, "12 %"),
        ("users_affected_fraction", {"mean": 0.0071, "low": 0.0062, "high": 0.008, "n": 5, "of": 5}, "0.71 % ± 0.09 %"),
        ("time_to_detect_seconds", {"mean": 14.2, "low": 14.19, "high": 14.21, "n": 5, "of": 5}, "14 s"),
        ("time_to_detect_seconds", None, "–"),
        ("time_to_detect_seconds", {"mean": None, "low": None, "high": None, "n": 0, "of": 5}, "–"),
        ("time_to_detect_seconds", {"mean": 90.0, "low": None, "high": None, "n": 1, "of": 5}, "1m 30s (1 of 5)"),
        ("time_to_detect_seconds", {"mean": 820.0, "low": 810.0, "high": 830.0, "n": 0, "of": 5}, "never"),
        ("time_to_recover_seconds", {"mean": 300.0, "low": 270.0, "high": 330.0, "n": 5, "of": 5}, "5m 00s ± 30 s"),
        ("exposure_minutes", 3.14159, "3.1"),
        ("exposure_minutes", {"mean": 0.1234, "low": 0.1, "high": 0.14, "n": 5, "of": 5}, "0.12 ± 0.02"),
        ("error_budget_used_fraction", 0.000154, "0.015 %"),
        ("peak_pods", {"mean": 20.0, "low": 20.0, "high": 20.0, "n": 5, "of": 5}, "20"),
    ],
)
def test_a_result_is_shown_in_the_unit_of_its_field(field, value, text):
    assert shown(field, value) == text
