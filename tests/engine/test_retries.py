from __future__ import annotations

import pytest

from sim.engine.protocol import Reason
from sim.engine.retries import retried_reasons, retried_statuses
from sim.spec.mesh import RETRY_CONDITIONS

WITHOUT_ANSWER = {Reason.TIMEOUT, Reason.RESET, Reason.REFUSED}


@pytest.mark.parametrize(
    ("words", "reasons", "statuses"),
    [
        ((), set(), set()),
        (("connect-failure", "refused-stream", "unavailable", "cancelled"), {Reason.REFUSED}, set()),
        (("5xx",), WITHOUT_ANSWER, set(range(500, 600))),
        (("gateway-error",), WITHOUT_ANSWER, {502, 503, 504}),
        (("reset",), WITHOUT_ANSWER, set()),
        (("503", "404"), set(), {404, 503}),
        (("connect-failure", "500"), {Reason.REFUSED}, {500}),
    ],
)
def test_words_mean_what_they_mean_in_envoy(words, reasons, statuses) -> None:
    assert (retried_reasons(words), retried_statuses(words)) == (reasons, statuses)


def test_no_word_retries_what_the_mesh_answers_itself() -> None:
    assert Reason.NO_ENDPOINT not in retried_reasons(RETRY_CONDITIONS)
