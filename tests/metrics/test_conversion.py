"""conversion, worked by hand."""

from nine_rows import CANDIDATE, STABLE, answers, first_answers, window

from sim.metrics import METRICS


def test_the_first_ok_answer_decides_a_users_conversion() -> None:
    known = first_answers("user")
    assert known.version.tolist() == [STABLE, STABLE, CANDIDATE, CANDIDATE]
    metric = METRICS["conversion"]
    # Users 2, 3 and 0 reached the candidate; 2 converts (0.15 < 0.2), 3 does not, 0 met the stable version before.
    assert metric.value(window(0, 10, CANDIDATE, first_answers=known)) == 1 / 2
    # Users 0 and 1 reached the stable version; 0 converts (0.05 < 0.1).
    assert metric.value(window(0, 10, STABLE, first_answers=known)) == 1 / 2
    assert metric.samples(window(0, 10, first_answers=known)) == 4


def test_each_ok_answer_decides_for_itself_where_conversion_is_per_request() -> None:
    # Requests 2, 3, 4 and 7; 4 failed; each own number is 0.15 < 0.2.
    assert METRICS["conversion"].value(window(0, 10, CANDIDATE, first_answers=first_answers("request"))) == 3 / 4


def test_taking_answers_in_piece_by_piece_is_the_same() -> None:
    known = first_answers("user", until=2.3)
    assert known.version.tolist() == [STABLE, -1, CANDIDATE, -1]
    for until in (2.3, 3.0, 6.0, 10.0):
        known.extend(answers(), until)
    assert known.version.tolist() == first_answers("user").version.tolist()
