from __future__ import annotations

import numpy as np
import pytest

from sim.engine.cache import compiled
from sim.engine.state import PtrState


@compiled
def add(state, place):
    state.total[0] += state.values[place]
    return state.total[0]


def test_a_kernel_reads_and_writes_the_arrays() -> None:
    state = PtrState(values=np.arange(4.0), total=np.zeros(1))
    assert [add(state, 2), add(state, 3)] == [2.0, 5.0]
    assert state.total[0] == 5.0


def test_after_rebinding_the_new_array_is_used() -> None:
    state = PtrState(values=np.arange(4.0), total=np.zeros(1))
    state.rebind(values=np.full(8, 7.0))
    assert add(state, 7) == 7.0


def test_strided_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        PtrState(values=np.arange(8.0)[::2])


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(AttributeError, match="'missing'"):
        _ = PtrState(values=np.zeros(1)).missing
