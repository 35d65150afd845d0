"""Which answers are failures, and which are answers."""

import numpy as np
from numpy.typing import NDArray

from sim.spec.reaction import ABANDONED_STATUS

SERVER_ERROR = 500
"""From this HTTP status on a request has failed; a client's error (4xx) is no failure."""


def is_answered(status: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which statuses reached a user and were no failure; one who has left got none."""
    return np.asarray((status < SERVER_ERROR) & (status != ABANDONED_STATUS))
