"""Conditions: what they mean, and what is refused with which words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.spec.condition import ConditionError, parse
from sim.spec.monitoring import Alert
from sim.spec.parser import MAX_DEPTH

NAN = math.nan


@pytest.mark.parametrize(
    ("text", "result", "holds"),
    [
        ("result > 0.01", 0.02, True),
        ("result > 0.01", 0.01, False),
        ("result >= 1e-3", 0.001, True),
        ("result[0] < .5", 0.4, True),
        ("0.01 < result and result < 0.05", 0.02, True),
        ("0.01 < result && result < 0.05", 0.06, False),
        ("result < 0.01 or result > 0.05", 0.06, True),
        ("result < 0.01 || result > 0.05", 0.02, False),
        ("!(result > 1)", 0.5, True),
        ("not (result > 1)", 2.0, False),
        ("result == 1 + 2 * 3", 7.0, True),
        ("result == (1 + 2) * 3", 9.0, True),
        ("result == 8 / 2 / 2", 2.0, True),
        ("result == 10 - 3 - 2", 5.0, True),
        ("-result < -1", 2.0, True),
        ("result / 0 > 1", 1.0, True),
        ("isInf(result / 0) == true", 1.0, True),
        ("result != 3", 2.0, True),
        ("true || result > 3 && false", 2.0, True),
        ("result == 2 ** 3 ** 2", 512.0, True),
        ("result == 2 ^ 3", 8.0, True),
        ("-2 ** 2 == result", -4.0, True),
        ("result in [1, 2, 3]", 2.0, True),
        ("result not in [1, 2, 3]", 2.0, False),
        ("result + 1 in [3]", 2.0, True),
        ("result > 1 ? result < 3 : result > 0", 2.0, True),
        ("(result > 1 ? 10 : 20) == 10", 2.0, True),
        ("false ? true : false ? false : true", 2.0, True),
        ("asInt(result) == 2", 2.9, True),
        ("asFloat(result) > 2.5", 2.9, True),
        ("round(result) == 3 && floor(result) == 2 && ceil(result) == 3", 2.5, True),
        ("abs(-result) == result", 2.0, True),
        ("len(result) == 1", 2.0, True),
        ("all(result, # < 3)", 2.0, True),
        ("isNil(result) || result[0] < 3", 2.0, True),
        ("max(result, 5) == 5 && min(1, 2, result[0]) == 1", 2.0, True),
    ],
)
def test_a_condition_means_what_it_says(text: str, result: float, holds: bool) -> None:
    assert parse(text).evaluate(result) is holds


SEVERAL = (0.01, 0.05, 0.2)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("all(result, # < 0.3)", True),
        ("all(result, {# < 0.1})", False),
        ("any(result, # > 0.1)", True),
        ("none(result, # > 0.2)", True),
        ("one(result, # > 0.1)", True),
        ("count(result, # > 0.04) == 2", True),
        ("len(filter(result, # > 0.04)) <= 1", False),
        ("all(filter(result, # > 0.02), # > 0.04)", True),
        ("result[0] < 0.02 and result[2] == 0.2 and result[-1] == 0.2", True),
        ("result[len(result) - 1] == 0.2", True),
        ("len(result) == 3", True),
        ("max(result) == 0.2 && min(result) == 0.01 && median(result) == 0.05", True),
        ("sum(result) > 0.259 && mean(result) < 0.09", True),
        ("all(result, # < 2 * result[2])", True),
        ("all(result, # < 10 * stable)", True),
        ("any(result, # in [0.05])", True),
        ("all(result, # > 0.04 ? # < 1 : # < 0.02)", True),
    ],
)
def test_a_condition_may_look_at_every_value_of_a_list(text: str, holds: bool) -> None:
    assert parse(text).evaluate(SEVERAL, 0.1) is holds


def test_a_value_that_a_list_does_not_have_is_an_error() -> None:
    with pytest.raises(ConditionError, match=r"'result\[3\]' does not exist: 3 values"):
        parse("result[3] > 1").evaluate(SEVERAL)


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("result > 1", True),
        ("default(result, 0) > 1", True),
        ("result[0] > 1", False),
        ("max(result) > 1", False),
        ("all(result, # > 1)", False),
    ],
)
def test_a_condition_says_whether_it_takes_the_result_for_one_number(text: str, one: bool) -> None:
    assert parse(text).needs_one_value is one


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
def test_no_comparison_with_missing_data_holds(sign: str) -> None:
    assert not parse(f"result {sign} 1").evaluate(NAN)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("isNaN(result)", True),
        ("isNaN(result) || result < 0.01", True),
        ("len(result) == 0", True),
        ("len(result) == 0 || result[0] > 1", True),
        ("default(result, 0) < 0.01", True),
        ("default(result, 1) < 0.01", False),
        ("isNil(result)", True),
        ("all(result, # < 0.01)", True),
        ("any(result, # > 0.01)", False),
    ],
)
def test_a_condition_may_say_what_no_data_means(text: str, holds: bool) -> None:
    condition = parse(text)
    assert (condition.handles_missing, condition.evaluate(NAN)) == (True, holds)


@pytest.mark.parametrize("text", ["result > 1", "isInf(result)", "isNaN(stable) || result > 1", "sum(result) < 1"])
def test_a_condition_that_does_not_ask_for_data_does_not_handle_its_absence(text: str) -> None:
    assert not parse(text).handles_missing


def test_an_index_into_no_data_is_an_error() -> None:
    with pytest.raises(ConditionError, match="no data"):
        parse("result[0] > 1").evaluate(NAN)


def test_a_condition_compares_with_the_stable_version() -> None:
    condition = parse("result > stable * 1.5")
    assert (condition.evaluate(4.0, 2.0), condition.evaluate(2.0, 2.0)) == (True, False)
    with pytest.raises(ConditionError, match="'stable' was not measured"):
        condition.evaluate(4.0)


def test_an_alert_has_no_stable_version_to_compare_with() -> None:
    with pytest.raises(ValueError, match="must be on result alone"):
        Alert(name="errors", kind="threshold", window=60, condition="result > stable")


@pytest.mark.parametrize(
    ("text", "stable", "threshold"),
    [
        ("result > 0.01", None, 0.01),
        ("0.5 >= result[0]", None, 0.5),
        ("default(result, 0) > 2 / 4", None, 0.5),
        ("len(result) == 0 || result[0] > 3", None, 3.0),
        ("result > stable * 1.5", 2.0, 3.0),
        ("result > stable * 1.5", None, NAN),
        ("result > 1 && result < 2", None, NAN),
        ("all(result, # < 0.1)", None, 0.1),
        ("max(result) > 0.2", None, 0.2),
        ("any(result, # > 2 * stable)", 1.5, 3.0),
        ("all(result, # < result[0])", None, NAN),
        ("result + 1 > 2", None, NAN),
    ],
)
def test_the_threshold_is_what_the_result_stands_against(text: str, stable: float | None, threshold: float) -> None:
    assert parse(text).threshold(stable) == pytest.approx(threshold, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "position 1: the end stands where a number or 'result' is expected"),
        ("result >", "position 9: the end stands where a number or 'result' is expected"),
        ("result > 5%", "position 11: '%' means nothing here; write a share as a number from 0 to 1 (5% is 0.05)"),
        ("result = 1", "position 8: '=' means nothing here; equality is '=='"),
        ("result", "position 1: 'result' is a number; must compare it, for example 'result > 0.01'"),
        ("result > 1 2", "position 12: '2' was not expected; the condition ends before it"),
        (
            "resul > 1",
            "position 1: unknown word 'resul'; known: result, stable, true, false, and, or, not, in, isNaN, isInf",
        ),
        ("1 < result < 2", "position 12: both sides of '<' must be numbers"),
        ("result && true", "position 8: both sides of '&&' must be conditions such as 'result > 0.01'"),
        (
            "not result > 1",
            "position 1: '!' must be followed by a condition; put it in parentheses, as in '!(result > 1)'",
        ),
        ("(result > 1", "position 12: the end stands where ')' is expected"),
        ("result[true] > 1", "position 7: an index takes a number"),
        ("1[0] > 1", "position 2: an index takes a list such as result"),
        ("# > 1", "position 1: '#' is an item of a list; must be inside all(result, ...)"),
        ("all(result, #)", "position 1: all takes a condition such as '# > 0.01'"),
        ("all(1, # > 1)", "position 1: all takes a list such as result"),
        ("all(result)", "position 11: ')' stands where ',' is expected"),
        ("all(result, {# > 1)", "position 19: ')' stands where '}' is expected"),
        ("result in 3", "position 8: in takes a list such as result"),
        ("len(3) > 1", "position 1: len takes 1 list"),
        ("max() > 1", "position 1: max takes a list such as result"),
        ("result > 1 ? 2 : true", "position 12: both sides of ':' must be of one kind"),
        ("filter(result, # > 1)", "position 1: 'filter(result, # > 1)' is a list; must compare it"),
        ("default(result) > 1", "position 1: default takes 2 numbers"),
        ("isNaN(result, 1)", "position 1: isNaN takes 1 number"),
        ("result > 1e999", "position 10: 1e999 is too large"),
        ("__import__('os')", "position 12: ''' means nothing here"),
        ("x" * 501, "a condition of 501 characters; at most 500"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(text)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "text", ["(" * 200 + "result > 1" + ")" * 200, "!" * 300 + "true", "result > " + "-" * 300 + "1"]
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match=f"nested deeper than {MAX_DEPTH}"):
        parse(text)


def test_a_long_sum_is_not_deep() -> None:
    assert parse("result > " + "+".join(["1"] * 200)).evaluate(201.0)


@given(st.text(alphabet="result stable()[]{}#?:0.1e<>=!&|+-*/^,not and or in isNaN all any max", max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = parse(text)
    except ConditionError:
        return
    for node in (condition.evaluate(0.5, 0.5), condition.handles_missing, condition.needs_stable):
        assert isinstance(node, bool)
