"""Keyed random numbers: a pure function of seed, replication and what the number is for, so no order matters.

Philox4x64-10. key = (seed, replication); counter = (a, b, c, purpose), where a, b, c are:

    ARRIVAL  source, block            four unit exponentials, in order of arrival
    IDENTITY request                  word 0 user, 1 the request's own number for conversion
    USER     user                     word 0 segment order, 1 sticky number, 2 propensity to convert
    USER     user, OF_FAULTS          word 0 which users meet a fault, 1 whom its errors hit
    ROUTE    request, path            word 0 version, 1 whether it is mirrored, 2 errors drawn for requests
    ATTEMPT  request, path, attempt   word 0 service time, 1 high error, 1 low (first attempt) whether the call is made,
                                      2 high and low balancer choices, 3 high backoff jitter, 3 low extra latency
    MIRROR   request, path, attempt   the same, for the copy's own attempt
    POD      service, version, ordinal (OF_FAULTS for the service: which pods meet a fault)
    CONTROL  what, ordinal            propagation delays, reactions
    AFFINITY                          word 0 salt of the consistent hash
    BURST    phase, part              word 0 (and 1 of the first phase) its length; part 0 lulls, 1 bursts, 2 the first
    BATCH    batch                    word 0 its size, 1 how the size is rounded
    ACTIVITY user                     word 0
    REPLAY   row of a trace           word 0 whether it is kept, 1 when in its interval it comes
    ENDPOINT request                  word 0
    SESSION  session                  word 0 its requests, 1 how their number is rounded
    THINKING step, session or caller  word 0
    REPEATING place, session          word 0 how long a user waits before a repeat
    PATIENCE request                  word 0
    NETWORK  request, path, attempt   word 0 latency out, 1 latency back, 2 loss, 3 connection setup (a copy: + 16)

Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011); constants as in Random123's philox.h.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.engine.cache import IS_PLAIN, compiled, entry_point, inlined

Kernel = Callable[..., Any]
Floats = NDArray[np.float64]


class Purpose(IntEnum):
    """What a number is for: the last word of the counter."""

    ARRIVAL = 0
    IDENTITY = 1
    USER = 2
    ROUTE = 3
    ATTEMPT = 4
    MIRROR = 5
    POD = 6
    CONTROL = 7
    AFFINITY = 8
    BURST = 9
    BATCH = 10
    ACTIVITY = 11
    REPLAY = 12
    ENDPOINT = 13
    SESSION = 14
    THINKING = 15
    REPEATING = 16
    PATIENCE = 17
    NETWORK = 18


ARRIVAL, IDENTITY, USER = int(Purpose.ARRIVAL), int(Purpose.IDENTITY), int(Purpose.USER)
ROUTE, ATTEMPT, MIRROR = int(Purpose.ROUTE), int(Purpose.ATTEMPT), int(Purpose.MIRROR)
AFFINITY, NETWORK = int(Purpose.AFFINITY), int(Purpose.NETWORK)
OF_FAULTS = 1 << 32  # where a counter has another one for faults alone

WORD = (1 << 64) - 1
MULTIPLIER_0, MULTIPLIER_1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL_0, WEYL_1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
ROUNDS = 10

U = np.uint64
M0, M1, W0, W1 = U(MULTIPLIER_0), U(MULTIPLIER_1), U(WEYL_0), U(WEYL_1)
LOW, SHIFT_32, SHIFT_12 = U(0xFFFFFFFF), U(32), U(12)
CELL_52, CELL_32 = 2.0**-52, 2.0**-32


def _product(context: Any, a: Any, b: Any) -> Any:
    """Return the high and the low word of a 64 x 64 bit product: one multiplication of 128 bits."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))
        return context.make_tuple(builder, words, (high, builder.trunc(product, ir.IntType(64))))

    words: Any = types.UniTuple(types.uint64, 2)  # type: ignore[no-untyped-call]
    return words(types.uint64, types.uint64), generate


full_product: Kernel = intrinsic(_product)


def philox_plain(k0: int, k1: int, c0: int, c1: int, c2: int, c3: int) -> tuple[int, int, int, int]:
    """Return the block of key (k0, k1) and counter (c0 .. c3), in plain integers."""
    k0, k1, c0, c1, c2, c3 = int(k0), int(k1), int(c0), int(c1), int(c2), int(c3)
    for _ in range(ROUNDS):
        p0, p1 = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (p1 >> 64) ^ c1 ^ k0, p1 & WORD, (p0 >> 64) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + WEYL_0) & WORD, (k1 + WEYL_1) & WORD
    return c0, c1, c2, c3


def _philox(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    for _ in range(ROUNDS):
        h0, l0 = full_product(M0, c0)
        h1, l1 = full_product(M1, c2)
        c0 = h1 ^ c1 ^ k0
        c1 = l1
        c2 = h0 ^ c3 ^ k1
        c3 = l0
        k0 += W0
        k1 += W1
    return c0, c1, c2, c3


def _block(k0: Any, k1: Any, a: Any, b: Any, c: Any, purpose: Any) -> Any:
    return philox(k0, k1, U(a), U(b), U(c), U(purpose))


def _uniform(word: Any) -> Any:
    """Return the centre of one of 2^52 cells: strictly inside (0, 1); with 53 bits it could round to 1."""
    return (np.float64(word >> SHIFT_12) + 0.5) * CELL_52


def _high(word: Any) -> Any:
    return (np.float64(word >> SHIFT_32) + 0.5) * CELL_32


def _low(word: Any) -> Any:
    return (np.float64(word & LOW) + 0.5) * CELL_32


def _uniform_plain(word: int) -> float:
    return ((word >> 12) + 0.5) * CELL_52


def _high_plain(word: int) -> float:
    return ((word >> 32) + 0.5) * CELL_32


def _low_plain(word: int) -> float:
    return ((word & 0xFFFFFFFF) + 0.5) * CELL_32


def _block_in_loop(k0: Any, k1: Any, a: Any, b: Any, c: Any, purpose: Any) -> Any:
    return philox_in_loop(k0, k1, U(a), U(b), U(c), U(purpose))


def _choose(in_kernel: Kernel, plain: Kernel, make: Kernel = compiled) -> Kernel:
    """Return the form for this process: without compilation NumPy's words would warn where they wrap around."""
    return plain if IS_PLAIN else make(in_kernel)


philox = _choose(_philox, philox_plain)
philox_in_loop = _choose(_philox, philox_plain, inlined)
block = _choose(_block, philox_plain)
block_in_loop = _choose(_block_in_loop, philox_plain, inlined)
uniform = _choose(_uniform, _uniform_plain)
high = _choose(_high, _high_plain)
low = _choose(_low, _low_plain)


@entry_point
def four_uniforms(k0: Any, k1: Any, a: Any, b: Any, c: Any, purpose: Any) -> Any:
    w0, w1, w2, w3 = block(k0, k1, a, b, c, purpose)
    return uniform(w0), uniform(w1), uniform(w2), uniform(w3)


@entry_point
def attempt_luck(k0: Any, k1: Any, request: Any, path: Any, attempt: Any, purpose: Any) -> Any:
    """Return what one attempt needs: service, error, two balancer choices, backoff jitter, extra latency."""
    w0, w1, w2, w3 = block(k0, k1, request, path, attempt, purpose)
    return uniform(w0), high(w1), high(w2), low(w2), high(w3), low(w3)


@entry_point
def call_luck(k0: Any, k1: Any, request: Any, path: Any, purpose: Any) -> Any:
    """Return the number that says whether a call between services is made."""
    _w0, w1, _w2, _w3 = block(k0, k1, request, path, U(0), purpose)
    return low(w1)


@entry_point
def fill_uniforms(k0: Any, k1: Any, b: Any, purpose: Any, first: Any, second: Any) -> None:
    """Write the first two numbers of each of the blocks 0, 1, 2, ... with this second word."""
    for a in range(len(first)):
        w0, w1, _w2, _w3 = block(k0, k1, U(a), b, U(0), purpose)
        first[a] = uniform(w0)
        second[a] = uniform(w1)


def many_uniforms(seed: int, replication: int, purpose: int, part: int, count: int) -> tuple[Floats, Floats]:
    """Return two numbers strictly inside (0, 1) for each of so many things, a function of the arguments alone."""
    first, second = np.empty(count), np.empty(count)
    fill_uniforms(U(seed), U(replication), U(part), U(purpose), first, second)
    return first, second


@entry_point
def fill_paired(k0: Any, k1: Any, purpose: Any, a: Any, b: Any, out: Any) -> None:
    for i in range(len(a)):
        w0, _w1, _w2, _w3 = block(k0, k1, U(a[i]), U(b[i]), U(0), purpose)
        out[i] = uniform(w0)


def paired_uniforms(seed: int, replication: int, purpose: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    """Return a number strictly inside (0, 1) for each pair of a and b."""
    out = np.empty(len(a))
    fill_paired(U(seed), U(replication), U(purpose), a, b, out)
    return out


def uniforms(
    seed: int, replication: int, purpose: int, a: int = 0, b: int = 0, c: int = 0
) -> tuple[float, float, float, float]:
    """Return four numbers strictly inside (0, 1), a function of the arguments alone."""
    words: tuple[float, float, float, float] = four_uniforms(U(seed), U(replication), U(a), U(b), U(c), U(purpose))
    return words


def salt(seed: int, replication: int) -> int:
    """Return the 32 bits that set the consistent hash of one run apart from another's."""
    return int(uniforms(seed, replication, AFFINITY)[0] * 2**32)
