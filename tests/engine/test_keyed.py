from __future__ import annotations

import numpy as np
import pytest

from sim.engine.keyed import MIRROR, ROUNDS, ROUTE, Purpose, U, attempt_luck, philox, philox_plain, salt, uniforms

ONES = 2**64 - 1
# Source: Random123, tests/kat_vectors, lines "philox4x64 10": counter, key, answer.
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)),
    ((ONES,) * 4, (ONES,) * 2, (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
@pytest.mark.parametrize("generator", [philox, philox_plain])
def test_the_generator_gives_the_published_answers(generator, counter, key, answer) -> None:
    words = generator(*map(U, key), *map(U, counter))
    assert tuple(int(word) % 2**64 for word in words) == answer


def test_the_generator_is_numpys_philox() -> None:
    key, counter = (12345, 67890), (5, 6, 7, 8)
    theirs = np.random.Philox(key=np.array(key, np.uint64), counter=np.array(counter, np.uint64)).random_raw(4)
    # NumPy adds 1 to the counter before its first block.
    assert philox_plain(*key, counter[0] + 1, *counter[1:]) == tuple(theirs.tolist())


def test_compiled_and_plain_agree_on_any_words() -> None:
    words = np.random.default_rng(1).integers(0, 2**64, (200, 6), np.uint64)
    for row in words:
        assert tuple(int(word) for word in philox(*row)) == philox_plain(*row.tolist())


def test_ten_rounds() -> None:
    assert ROUNDS == 10


def test_numbers_are_strictly_inside_zero_and_one() -> None:
    numbers = np.array([uniforms(2**64 - 1, 3, ROUTE, request) for request in range(2000)])
    assert numbers.min() > 0
    assert numbers.max() < 1
    # Mean of 8,000 uniforms: six standard errors, false alarms 2e-9.
    assert abs(numbers.mean() - 0.5) < 6 * np.sqrt(1 / 12 / numbers.size)


def test_every_word_of_key_and_counter_matters() -> None:
    base = (1, 0, ROUTE, 5, 6, 7)
    changed = [tuple(value + (i == place) for i, value in enumerate(base)) for place in range(len(base))]
    assert len({uniforms(*words) for words in [base, *changed]}) == 7


def test_purposes_are_pinned() -> None:
    names = "ARRIVAL IDENTITY USER ROUTE ATTEMPT MIRROR POD CONTROL AFFINITY BURST BATCH ACTIVITY REPLAY ENDPOINT"
    assert " ".join(purpose.name for purpose in Purpose).startswith(names)
    assert [purpose.value for purpose in Purpose] == list(range(len(Purpose)))


def test_the_luck_of_an_attempt_is_pinned() -> None:
    luck = attempt_luck(U(1), U(0), U(7), U(0), U(1), U(MIRROR))
    words = philox_plain(1, 0, 7, 0, 1, MIRROR)
    assert luck[0] == uniforms(1, 0, MIRROR, 7, 0, 1)[0]
    halves = [words[1] >> 32, words[2] >> 32, words[2] & 0xFFFFFFFF, words[3] >> 32, words[3] & 0xFFFFFFFF]
    assert luck[1:] == tuple((half + 0.5) / 2**32 for half in halves)


def test_runs_have_their_own_salt() -> None:
    assert len({salt(1, 0), salt(1, 1), salt(2, 0)}) == 3
