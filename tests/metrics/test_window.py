"""Which rows a window holds."""

from nine_rows import CANDIDATE, window


def test_a_window_begins_after_its_start_and_ends_with_its_end() -> None:
    assert window(0.5, 4.4).finish.tolist() == [1.1, 2.3, 3.2, 4.4]


def test_every_user_request_counts_for_the_service_and_no_copy_does() -> None:
    assert window(0, 10).request.tolist() == list(range(8))


def test_a_version_is_known_by_its_copies_too() -> None:
    assert window(0, 10, CANDIDATE).request.tolist() == [2, 3, 4, 4, 7]


def test_a_segment_is_its_users_requests() -> None:
    assert window(0, 10, segment=0).request.tolist() == [0, 4]
