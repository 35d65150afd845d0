from __future__ import annotations

import pytest

from sim.cluster.revisions import Kept, forgotten, revision_before, revision_of_new


@pytest.mark.parametrize(
    ("own", "old", "revision"), [(0, [], 1), (0, [1, 2], 3), (1, [2], 3), (3, [1, 2], 3), (5, [1, 2], 5)]
)
def test_the_wanted_template_has_the_highest_revision(own, old, revision):
    assert revision_of_new(own, old) == revision


@pytest.mark.parametrize(
    ("revisions", "wanted", "place"),
    [
        ([1], 0, None),
        ([1, 2], 0, 0),
        ([3, 2], 0, 1),
        ([1, 4, 3], 0, 2),
        ([1, 4, 3], 1, 0),
        ([1, 4, 3], 2, None),
    ],
)
def test_an_undo_goes_to_the_last_but_one_or_to_the_revision_that_is_named(revisions, wanted, place):
    assert revision_before(revisions, wanted) == place


def test_the_oldest_revisions_beyond_the_limit_are_forgotten_but_none_with_pods():
    old = [Kept(4, 0), Kept(1, 0), Kept(3, 2), Kept(2, 0)]
    assert forgotten(old, 10) == []
    assert forgotten(old, 3) == [1]
    assert forgotten(old, 0) == [1, 3, 0]
    assert forgotten([Kept(1, 0, 0), Kept(2, 0, 1), Kept(3, 1, 0), Kept(4, 1, 1)], 0) == [0]
