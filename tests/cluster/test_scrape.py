"""Scrapes: what is the last one, at any moment and for any interval."""

import pytest
from releases import decisions, run, world


@pytest.mark.parametrize("interval", [0.3, 0.7, 1.1, 15.0])
def test_a_scrapes_own_moment_is_its_last(interval: float) -> None:
    at_work = world("recreate: {}", monitoring=f"{{scrapeInterval: {interval}}}")
    for number in range(-90, 400):
        assert at_work.last_scrape(number * interval) == number * interval
        assert at_work.last_scrape(number * interval - 1e-6) < number * interval


def test_samples_are_looked_for_at_every_scrape() -> None:
    record = run("abTest: {weight: 50, samplesPerVariant: 100}", "{conversion: {rate: 90%}}", "{scrapeInterval: 700ms}")
    assert record.outcome == "promoted"
    assert round(decisions(record, "abTest")[0].at_seconds / 0.7, 9) % 1 == 0
