"""exp, log, power and the normal quantile with the same bits on every machine.

Made of + - * /, the exact square root and bit moves, because the C library's differ between machines in the last bit.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from sim.engine.cache import IS_PLAIN, compiled, entry_point

MANTISSA_BITS, EXPONENT_BIAS = 52, 1023
MANTISSA, ONE_BITS = 0xFFFFFFFFFFFFF, 0x3FF0000000000000
SQRT_2 = 1.4142135623730951

# Source: fdlibm e_log.c and e_exp.c.
LN2_HIGH, LN2_LOW, LOG2_E = 6.93147180369123816490e-01, 1.90821492927058770002e-10, 1.44269504088896338700
L1, L2, L3, L4 = 6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01
L5, L6, L7 = 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01
E1, E2, E3 = 1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05
E4, E5 = -1.65339022054652515390e-06, 4.13813679705723846039e-08
LN2 = 0.6931471805599453
EXP_LOWEST, EXP_HIGHEST = -708.0, 709.0
"""Below the lowest e^x is taken as 0 and above the highest as infinite: subnormal results are left out."""


def _bits_intrinsic(context: Any, x: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


def _float_intrinsic(context: Any, bits: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


FLOAT, INTEGER = struct.Struct("<d"), struct.Struct("<q")


def _bits_plain(x: float) -> int:
    return INTEGER.unpack(FLOAT.pack(x))[0]  # type: ignore[no-any-return]


def _float_plain(bits: int) -> float:
    return FLOAT.unpack(INTEGER.pack(bits))[0]  # type: ignore[no-any-return]


bits_of: Callable[..., Any] = _bits_plain if IS_PLAIN else intrinsic(_bits_intrinsic)
float_of: Callable[..., Any] = _float_plain if IS_PLAIN else intrinsic(_float_intrinsic)


@entry_point
def plog(x: float) -> float:
    """Return the natural logarithm of a normal number above 0."""
    bits = bits_of(x)
    k = (bits >> MANTISSA_BITS) - EXPONENT_BIAS
    f = float_of((bits & MANTISSA) | ONE_BITS)
    if f > SQRT_2:
        f *= 0.5
        k += 1
    f -= 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (L2 + w * (L4 + w * L6))
    odd = z * (L1 + w * (L3 + w * (L5 + w * L7)))
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f)  # type: ignore[no-any-return]


@entry_point
def pexp(x: float) -> float:
    """Return e to the power of x."""
    if x < EXP_LOWEST:
        return 0.0
    if x > EXP_HIGHEST:
        return math.inf
    k = int(LOG2_E * x + (0.5 if x > 0.0 else -0.5))
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (E1 + t * (E2 + t * (E3 + t * (E4 + t * E5))))
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    return float_of(bits_of(y) + (k << MANTISSA_BITS))  # type: ignore[no-any-return]


@entry_point
def ppow(x: float, power: float) -> float:
    """Return x to a power, for x above 0; relative error about |power log x| x 1e-16."""
    return pexp(power * plog(x))


@entry_point
def half_power(x: float) -> float:
    """Return 0.5 to the power of x."""
    return pexp(-(x * LN2))


# Source: Wichura (1988), Algorithm AS 241, PPND16.
A = (
    3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
    4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
)  # fmt: skip
B = (
    1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
)  # fmt: skip
C = (
    1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
    1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
)  # fmt: skip
D = (
    1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
)  # fmt: skip
E = (
    6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
)  # fmt: skip
F = (
    1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
)  # fmt: skip
CENTRE, CENTRE_SQUARED = 0.425, 0.180625
NEAR_TAIL, FAR_TAIL = 1.6, 5.0


@compiled
def _polynomial(k: tuple[float, ...], x: float) -> float:
    return ((((((k[7] * x + k[6]) * x + k[5]) * x + k[4]) * x + k[3]) * x + k[2]) * x + k[1]) * x + k[0]


@entry_point
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of p, strictly between 0 and 1."""
    q = p - 0.5
    if abs(q) <= CENTRE:
        r = CENTRE_SQUARED - q * q
        return q * _polynomial(A, r) / _polynomial(B, r)
    r = math.sqrt(-plog(p if q < 0.0 else 1.0 - p))
    if r <= FAR_TAIL:
        z = _polynomial(C, r - NEAR_TAIL) / _polynomial(D, r - NEAR_TAIL)
    else:
        z = _polynomial(E, r - FAR_TAIL) / _polynomial(F, r - FAR_TAIL)
    return -z if q < 0.0 else z
