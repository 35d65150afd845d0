"""Requests as two bytes each: when (milliseconds since the one before) and where (pod, version, failed)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAILED_BIT, CANDIDATE_BIT = 7, 6
PLACES = 64
SHOWN_PODS = 60
"""Pods of a version that the mesh shows one by one; places 0 to 59."""
BEYOND, AT_VERSION, NOWHERE = 60, 61, 63
"""Other places: a pod that is not shown, a version without a pod, no version."""
LONG_WAIT = 255
"""A byte of 255 means 255 ticks and no request: a wait of 600 is 255, 255, 90."""
KNUTH, WORD = np.uint64(2_654_435_761), np.uint64(2**32)
"""Source: Knuth, The Art of Computer Programming, volume 3, section 6.4, multiplicative hashing."""
MOST_TICKS = 8_000_000
"""A longer run has coarser ticks than a millisecond, so that waits stay short."""


@dataclass(frozen=True)
class Marks:
    """Requests in order of arrival. at: float64 seconds. place: int64, 0 to 63. candidate, failed: bool."""

    at: NDArray[np.float64]
    place: NDArray[np.int64]
    candidate: NDArray[np.bool_]
    failed: NDArray[np.bool_]

    def one_in(self, k: int) -> Marks:
        """Return one request in k, scattered: every k-th in turn would show always the same pods of a round robin."""
        if k == 1:
            return self
        scattered = np.arange(len(self.at), dtype=np.uint64) * KNUTH % WORD
        drawn = scattered * np.uint64(k) < WORD
        return Marks(self.at[drawn], self.place[drawn], self.candidate[drawn], self.failed[drawn])


def tick_milliseconds(duration: float) -> int:
    """Return the length of a tick for a run of that many seconds."""
    return max(1, int(np.ceil(duration * 1000 / MOST_TICKS)))


def encode_marks(marks: Marks, tick: int) -> dict[str, Any]:
    """Return the requests as base64 text; `decode_marks` is its inverse up to the tick."""
    where = (
        marks.place
        | (marks.candidate.astype(np.int64) << CANDIDATE_BIT)
        | (marks.failed.astype(np.int64) << FAILED_BIT)
    )
    moments = np.floor(marks.at * 1000 / tick).astype(np.int64)
    return {
        "n": len(where),
        "dt": packed(_waits(np.diff(moments, prepend=0)), np.uint8),
        "where": packed(where, np.uint8),
    }


def decode_marks(stream: dict[str, Any], tick: int) -> Marks:
    """Return the requests of such a text."""
    waits, where = (
        unpacked(stream["dt"], np.uint8).astype(np.int64),
        unpacked(stream["where"], np.uint8).astype(np.int64),
    )
    at = np.cumsum(waits)[waits != LONG_WAIT] * tick / 1000
    return Marks(
        at, where & (PLACES - 1), (where >> CANDIDATE_BIT & 1).astype(np.bool_), (where >> FAILED_BIT).astype(np.bool_)
    )


def packed(values: NDArray[Any], kind: Any) -> str:
    """Return the values as base64 of little-endian numbers of that kind."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<")).tobytes()).decode(
        "ascii"
    )


def unpacked(text: str, kind: Any) -> NDArray[Any]:
    """Return the values of such a text."""
    return np.frombuffer(base64.b64decode(text), dtype=np.dtype(kind).newbyteorder("<"))


def _waits(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    long_waits, rest = ticks // LONG_WAIT, ticks % LONG_WAIT
    waits = np.full(int(long_waits.sum()) + len(ticks), LONG_WAIT)
    waits[np.cumsum(long_waits + 1) - 1] = rest
    return waits
