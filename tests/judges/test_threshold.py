"""The threshold judge: one number against two conditions, and how often it is wrong."""

import math

import numpy as np
import pytest

from sim.judges.threshold import judge
from sim.spec.condition import parse

ABOVE, BELOW = parse("result > 0.05"), parse("result < 0.01")


@pytest.mark.parametrize(("result", "phase"), [(0.06, "Failed"), (0.001, "Successful"), (0.03, "Inconclusive")])
def test_between_both_conditions_nothing_is_concluded(result: float, phase: str) -> None:
    assert judge(BELOW, ABOVE, result).phase == phase


def test_a_judgement_names_its_threshold_and_reason() -> None:
    assert judge(None, ABOVE, 0.06) == ("Failed", 0.05, "result > 0.05 holds")
    assert judge(None, ABOVE, 0.01) == ("Successful", 0.05, "result > 0.05 does not hold")
    assert judge(BELOW, None, 0.06) == ("Failed", 0.01, "result < 0.01 does not hold")


def test_no_data_is_an_error() -> None:
    assert judge(None, ABOVE, math.nan) == ("Error", 0.05, "no data")


def test_no_data_is_what_the_condition_says_it_is() -> None:
    assert judge(parse("isNaN(result) || result < 0.01"), None, math.nan).phase == "Successful"
    assert judge(None, parse("default(result, 1) > 0.01"), math.nan).phase == "Failed"


def test_no_data_to_compare_with_is_an_error() -> None:
    assert (
        judge(None, parse("result > 2 * stable"), 0.5, math.nan).reason == "no data of the old version to compare with"
    )
    assert judge(None, parse("result > 2 * default(stable, 1)"), 3.0, math.nan).phase == "Failed"
    assert judge(None, parse("result > stable[0]"), 3.0, math.nan).phase == "Error"
    assert judge(None, parse("result > 1"), 3.0, math.nan).phase == "Failed"


def test_a_condition_without_value_is_an_error() -> None:
    assert judge(None, parse("result > stable"), 0.5) == (
        "Error",
        pytest.approx(math.nan, nan_ok=True),
        "'stable' was not measured",
    )


@pytest.mark.parametrize(
    ("rate", "requests", "published"), [(0.005, 100, 0.090), (0.008, 1000, 0.183), (0.02, 100, 0.597)]
)
def test_its_false_alarms_are_those_of_the_binomial(rate: float, requests: int, published: float) -> None:
    """Band: 4 standard errors of 20,000 checks: a false alarm in 16,000."""
    failed = np.random.Generator(np.random.Philox(2)).binomial(requests, rate, 20_000) / requests
    gate = parse("result > 0.01")
    verdicts = {share: judge(None, gate, share).phase == "Failed" for share in np.unique(failed).tolist()}
    measured = np.mean([verdicts[share] for share in failed.tolist()])
    assert measured == pytest.approx(published, abs=4 * math.sqrt(published * (1 - published) / 20_000) + 5e-4)
