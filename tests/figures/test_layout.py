from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sim.figures.layout import Label, overlap, place, rows_for

spans = st.lists(
    st.tuples(st.floats(0, 1000), st.floats(1, 300)).map(lambda span: (span[0], sum(span))), max_size=30
).map(sorted)


@given(spans, st.integers(1, 4))
def test_spans_in_one_row_never_overlap(found: list[tuple[float, float]], rows: int) -> None:
    chosen = rows_for(found, rows)
    for (one, row), (other, same) in combinations(zip(found, chosen, strict=True), 2):
        assert row is None or row != same or one[1] <= other[0]


def test_a_span_takes_the_first_free_row_and_none_when_all_are_taken() -> None:
    assert rows_for([(0, 10), (5, 15), (8, 20), (12, 18)], rows=2) == [0, 1, None, 0]


def test_labels_of_one_place_are_laid_around_it() -> None:
    labels = [Label(120, 40, 500, 500, 10) for _ in range(8)]
    boxes = place(labels, [(490, 490, 510, 510)], (0, 0, 1000, 1000))
    assert all(overlap(one, other) == 0 for one, other in combinations(boxes, 2))
    assert all(overlap(box, (490, 490, 510, 510)) == 0 for box in boxes)


def test_a_label_at_the_edge_stays_inside() -> None:
    (box,) = place([Label(120, 40, 995, 995, 5)], [], (0, 0, 1000, 1000))
    assert box[0] >= 0
    assert box[2] <= 1000
    assert box[3] <= 1000
