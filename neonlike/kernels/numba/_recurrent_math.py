"""tanh and the logistic function for nopython code, written so that loops over them vectorise.

Both come from ``expm1``: with ``x = k ln 2 + r``, ``|r| <= ln 2 / 2``,

    expm1(x) = 2^k expm1(r) + (2^k - 1),   expm1(r) = r (1 + r/2! + r^2/3! + ...)

so that small results keep their relative precision. ``k`` is rounded by adding and subtracting
1.5 * 2^(mantissa bits), whose sum also holds ``k`` in its low bits: shifted into the exponent
field they are 2^k. Errors stay below 3 ulp; nan stays nan. float32 and float64.

These are not calls of libm because LLVM cannot vectorise those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from neonlike.kernels.numba._jit import FAST

_OPTIONS = {"fastmath": FAST, "error_model": "numpy"}
Functions = dict[str, Callable[..., Any]]


def _functions(real: Any, integer: Any, terms: int, high_bits: int) -> Functions:
    """The functions for one float type.

    Args:
        real, integer: the type and the integer of its width.
        terms: length of the series, for full precision at ``|r| = ln 2 / 2``.
        high_bits: bits of the part of ln 2 whose product with ``k`` is exact.
    """
    info = np.finfo(real)
    mantissa = integer(info.nmant)
    exponent_of_one = integer(real(1).view(integer))
    one, two, log2_e = real(1), real(2), real(1 / math.log(2))
    rounder = real(1.5 * 2**info.nmant)
    ln2_high = real(math.floor(math.log(2) * 2**high_bits) / 2**high_bits)
    # ln 2 = 0.693147180559945309417232121458...: its digits beyond float64 as a second number
    ln2_low = real(math.log(2) - float(ln2_high) + 2.3190468138462996e-17)
    series = tuple(real(1 / math.factorial(term)) for term in range(terms, 0, -1))
    largest = real(math.floor(math.log(info.max)) - 1)
    saturation = real(math.ceil((info.nmant + 3) * math.log(2) / 2))  # 1 - tanh is below eps / 4

    def split(x: Any) -> Any:
        """``(2^k, expm1(r))``."""
        shifted = real(x * log2_e + rounder)
        k = shifted - rounder
        r = (x - k * ln2_high) - k * ln2_low
        bits = integer(shifted.view(integer))
        power = integer(integer(bits << mantissa) + exponent_of_one)
        total = series[0]
        for term in series[1:]:
            total = total * r + term
        return integer(power).view(real), total * r

    def tanh(x: Any) -> Any:
        x = saturation if x > saturation else x
        x = -saturation if x < -saturation else x
        scale, small = expm1_parts(x + x)
        e = scale * small + (scale - one)
        return e / (e + two)

    def logistic(x: Any) -> Any:
        x = largest if x > largest else x
        x = -largest if x < -largest else x
        scale, small = expm1_parts(-x)
        return one / (one + (scale * small + scale))

    def expm1(x: Any) -> Any:
        x = largest if x > largest else x
        x = -largest if x < -largest else x
        scale, small = expm1_parts(x)
        return scale * small + (scale - one)

    return {"split": split, "tanh": tanh, "logistic": logistic, "expm1": expm1}


_FUNCTIONS: dict[Any, Functions] = {
    types.float32: _functions(np.float32, np.int32, 7, 9),
    types.float64: _functions(np.float64, np.int64, 13, 32),
}


def expm1_parts(x: Any) -> Any:
    """``(2^k, expm1(r))`` of the module header."""
    raise NotImplementedError("nopython code only")


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    raise NotImplementedError("nopython code only")


def logistic(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    raise NotImplementedError("nopython code only")


def expm1(x: Any) -> Any:
    """``exp(x) - 1``, saturating just inside the type's range."""
    raise NotImplementedError("nopython code only")


@overload(expm1_parts, jit_options=_OPTIONS)
def _typed_expm1_parts(x: Any) -> Any:
    return _FUNCTIONS[x]["split"]


@overload(tanh, jit_options=_OPTIONS)
def _typed_tanh(x: Any) -> Any:
    return _FUNCTIONS[x]["tanh"]


@overload(logistic, jit_options=_OPTIONS)
def _typed_logistic(x: Any) -> Any:
    return _FUNCTIONS[x]["logistic"]


@overload(expm1, jit_options=_OPTIONS)
def _typed_expm1(x: Any) -> Any:
    return _FUNCTIONS[x]["expm1"]
