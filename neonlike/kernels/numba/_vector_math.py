"""Mathematical functions on vectors, as LLVM IR.

``Lanes`` carries one vector; formulas are written with the operators of Python. The functions
hold for float32 and float64, keep nan, and have no branches.

exp, tanh and the logistic function come from one series: with ``x = k ln 2 + r``,
``|r| <= ln 2 / 2``,

    exp(x) = 2^k (1 + expm1(r)),   expm1(r) = r (1 + r/2! + r^2/3! + ...)

so that small results of expm1 and tanh keep their relative precision. For float32 the last terms
are fitted to the interval, which saves one of them. ``k`` is rounded by adding
and subtracting 1.5 * 2^(mantissa bits), whose sum also holds ``k`` in its low bits: shifted into
the exponent field they are 2^k. Logarithms come from ``x = 2^k m``, ``m`` in [1/sqrt 2, sqrt 2):

    log(m) = 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...),   s = (m - 1) / (m + 1)

The functions' largest errors, in units of the last place, are stated with them and measured in
``tests/kernels/test_fused.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from neonlike.kernels.numba._ir import Vectors, declare, splat_constant

_FLAGS = ("contract", "nsz")
# exp on |r| <= ln 2 / 2: within 0.06 units in the last place of float32; and 14 terms of Taylor's
_FITTED = (1.0, 1.0, 0.49999993432, 0.16666520399, 0.04166839079, 0.00836874511, 0.001381454)
_TAYLOR = tuple(1 / math.factorial(n) for n in range(14))
# (log(1 + f) - f + f^2 / 2) / f^3 for sqrt(1/2) <= 1 + f <= sqrt(2): within 0.1 ulp of the log
_LOG_FITTED = (
    0.33333316445, -0.25000810623, 0.20002304018, -0.16624501348,
    0.14180810750, -0.13128964603, 0.12884292006, -0.07862137258,
)  # fmt: skip
_ROOTS = 16  # or 2^(n / 16) from a table, and a short series for what is left
# the digits of ln 2 beyond float64 make a second number
_LN2_REST = 2.3190468138462996e-17


class Lanes:
    """One vector, with arithmetic on it; numbers are splat."""

    def __init__(self, v: Vectors, value: ir.Value) -> None:
        self.v = v
        self.value = value

    def _of(self, other: Lanes | float) -> ir.Value:
        return other.value if isinstance(other, Lanes) else self.v.constant(other)

    def __add__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.v, self.v.builder.fadd(self.value, self._of(other), flags=_FLAGS))

    def __sub__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.v, self.v.builder.fsub(self.value, self._of(other), flags=_FLAGS))

    def __rsub__(self, other: float) -> Lanes:
        return Lanes(self.v, self.v.builder.fsub(self._of(other), self.value, flags=_FLAGS))

    def __mul__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.v, self.v.builder.fmul(self.value, self._of(other), flags=_FLAGS))

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return Lanes(self.v, self.v.builder.fdiv(self.value, self._of(other), flags=_FLAGS))

    def __rtruediv__(self, other: float) -> Lanes:
        return Lanes(self.v, self.v.builder.fdiv(self._of(other), self.value, flags=_FLAGS))

    def choose(self, comparison: str, other: Lanes | float, yes: Any, no: Any) -> Lanes:
        """``yes`` where the comparison with ``other`` holds (never for nan), else ``no``."""
        condition = self.v.builder.fcmp_ordered(comparison, self.value, self._of(other))
        value = self.v.builder.select(condition, self._of(yes), self._of(no))
        return Lanes(self.v, value)

    def call(self, name: str, *others: Lanes) -> Lanes:
        """The result of an LLVM intrinsic."""
        operands = [self.value, *(other.value for other in others)]
        kind = ir.FunctionType(self.v.type, [self.v.type] * len(operands))
        full = f"llvm.{name}.v{self.v.lanes}f{8 * self.v.bytes}"
        function = declare(self.v.builder.module, kind, full)
        return Lanes(self.v, self.v.builder.call(function, operands))

    def clip(self, low: float, high: float) -> Lanes:
        """Clipped to ``low..high``; nan stays."""
        upper = self.choose(">", high, high, self)
        return upper.choose("<", low, low, upper)

    def within(self, limit: float) -> Lanes:
        """Clipped to ``-limit..limit``."""
        return self.clip(-limit, limit)

    def bits(self) -> Bits:
        """The lanes as integers."""
        return Bits(self.v, self.v.builder.bitcast(self.value, self.v.integers))


class Bits:
    """One vector of integers of the size of the element type."""

    def __init__(self, v: Vectors, value: ir.Value) -> None:
        self.v = v
        self.value = value

    def _of(self, other: Bits | int) -> ir.Value:
        if isinstance(other, Bits):
            return other.value
        return splat_constant(self.v.integers, other)

    def __add__(self, other: Bits | int) -> Bits:
        return Bits(self.v, self.v.builder.add(self.value, self._of(other)))

    def __sub__(self, other: Bits | int) -> Bits:
        return Bits(self.v, self.v.builder.sub(self.value, self._of(other)))

    def __lshift__(self, count: int) -> Bits:
        return Bits(self.v, self.v.builder.shl(self.value, self._of(count)))

    def __rshift__(self, count: int) -> Bits:
        return Bits(self.v, self.v.builder.ashr(self.value, self._of(count)))

    def floats(self) -> Lanes:
        """The same bits as floating-point numbers."""
        return Lanes(self.v, self.v.builder.bitcast(self.value, self.v.type))


def _info(v: Vectors) -> Any:
    return np.finfo(np.float32 if v.bytes == 4 else np.float64)


def _bits_of(v: Vectors, number: float) -> int:
    kinds = (np.float32, np.int32) if v.bytes == 4 else (np.float64, np.int64)
    return int(np.array(number, kinds[0]).view(kinds[1]))


def _power_of_two(k: Bits) -> Lanes:
    """2^k for exponents of normal numbers."""
    info = _info(k.v)
    return ((k << int(info.nmant)) + _bits_of(k.v, 1.0)).floats()


def _rounder(v: Vectors) -> float:
    return float(1.5 * 2.0 ** _info(v).nmant)


def _ln2_parts(v: Vectors) -> tuple[float, float]:
    """ln 2 as a short number, exact in products with any exponent, and the rest."""
    high_bits = 9 if v.bytes == 4 else 32
    high = math.floor(math.log(2) * 2**high_bits) / 2**high_bits
    return high, math.log(2) - high + _LN2_REST


def _series(r: Lanes, terms: Sequence[float]) -> Lanes:
    """``terms[0] + terms[1] r + terms[2] r^2 + ...``."""
    *others, last = terms
    total = r * last + others.pop()
    for term in reversed(others):
        total = total * r + term
    return total


def _terms(r: Lanes) -> tuple[float, ...]:
    """Those of e^r for ``|r| <= ln 2 / 2``."""
    return _FITTED if r.v.bytes == 4 else _TAYLOR


def _reduced(x: Lanes, steps: int = 1) -> tuple[Lanes, Lanes]:
    """``k`` with the rounder added, and ``r``, of the module header; for ``ln 2 / steps``."""
    high, low = _ln2_parts(x.v)
    shifted = x * (steps / math.log(2)) + _rounder(x.v)
    k = shifted - _rounder(x.v)
    return shifted, (x - k * (high / steps)) - k * (low / steps)


def _reduced2(x: Lanes) -> tuple[Lanes, Lanes]:
    """The same for powers of two: ``k`` with the rounder added, and ``r = (x - k) ln 2``."""
    shifted = x + _rounder(x.v)
    return shifted, (x - (shifted - _rounder(x.v))) * math.log(2)


def expm1_parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """``(2^k, expm1(r))`` of the module header."""
    shifted, r = _reduced(x)
    return _power_of_two(shifted.bits()), r * r * _series(r, _terms(r)[2:]) + r


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent: ``e / (e + 2)`` or ``1 - 2 / (e + 2)``, ``e = expm1(2 |x|)``; 2.3 ulp."""
    size = x.call("fabs")
    limit = math.ceil((_info(x.v).nmant + 3) * math.log(2) / 2)  # beyond, 1 - tanh < eps / 4
    size = size.choose(">", limit, limit, size)
    power, small = expm1_parts(size + size)
    e = power * small + (power - 1.0)
    quotient = e.choose("<", 2.0, e, 2.0) / (e + 2.0)
    return e.choose("<", 2.0, quotient, 1.0 - quotient).call("copysign", x)


def _factors(x: Lanes) -> tuple[Lanes, Lanes]:
    """Two factors of ``e^x``; x may be as large as to give inf, and 2^k is normal else."""
    if x.v.bytes == 4:  # 2^(k/16), so that a short series suffices
        shifted, r = _reduced(x, _ROOTS)
        place = int(_info(x.v).nmant) - 4
        roots = [_bits_of(x.v, 2 ** (n / _ROOTS)) - (n << place) for n in range(_ROOTS)]
        root = x.v.look_up(roots, shifted.bits().value)
        return ((shifted.bits() << place) + Bits(x.v, root)).floats(), _series(r, _TAYLOR[:4])
    shifted, r = _reduced(x)
    return _power_of_two(shifted.bits()), _series(r, _terms(r))


def logistic(x: Lanes) -> Lanes:
    """``1 / (1 + e^-x)`` over the whole range; 3 ulp, or 0 below the normal numbers."""
    power, rest = _factors(0.0 - _sparing(x, math.log(2)))
    return 1.0 / (power * rest + 1.0)


def logistic2(x: Lanes) -> Lanes:
    """``1 / (1 + 2^-x)`` over the whole range; 2.5 ulp, or 0 below the normal numbers."""
    shifted, r = _reduced2(0.0 - _sparing(x, 1.0))
    return 1.0 / (_power_of_two(shifted.bits()) * _series(r, _terms(r)) + 1.0)


def _sparing(x: Lanes, unit: float) -> Lanes:
    """Clipped so that ``2^(-x / unit)``, rounded to some step, is normal or inf, not beyond."""
    info, half = _info(x.v), 0.4 / _ROOTS
    return x.clip(-(info.maxexp + half) * unit, -(info.minexp - half) * unit)


def expm1(x: Lanes) -> Lanes:
    """``exp(x) - 1``, saturating just inside the type's range; 3 ulp."""
    power, small = expm1_parts(x.within(_largest(x)))
    return power * small + (power - 1.0)


def _largest(x: Lanes) -> float:
    """Where exp overflows, nearly."""
    return float(math.log(_info(x.v).max) // 1 - 1)


def _scaled(x: Lanes, shifted: Lanes) -> Lanes:
    """``x 2^k`` with ``shifted`` as in ``_reduced``; rounds once, also to inf and denormals."""
    if x.v.is_avx512:
        return Lanes(x.v, x.v.scale(x.value, (shifted - _rounder(x.v)).value))
    k = shifted.bits() - _bits_of(x.v, _rounder(x.v))
    half = k >> 1  # 2^k itself may lie outside the normal numbers
    return x * _power_of_two(half) * _power_of_two(k - half)


def exp(x: Lanes) -> Lanes:
    """``e^x`` over the whole range; 1 ulp."""
    info = _info(x.v)
    low = (info.minexp - info.nmant - 1) * math.log(2)
    shifted, r = _reduced(x.clip(math.floor(low), math.ceil(math.log(info.max))))
    return _scaled(_series(r, _terms(r)), shifted)


def exp2(x: Lanes) -> Lanes:
    """``2^x`` over the whole range; 1 ulp, exact for integers."""
    info = _info(x.v)
    shifted, r = _reduced2(x.clip(info.minexp - info.nmant - 1, info.maxexp))
    return _scaled(_series(r, _terms(r)), shifted)


def _log_parts(x: Lanes, *, normal: bool = False) -> tuple[Lanes, Lanes, Lanes]:
    """``k``, ``f = m - 1``, and ``f - log(m)``, for normal and, unless ``normal``, denormals."""
    v, info = x.v, _info(x.v)
    lift = float(2.0 ** (info.nmant + 2))
    bits = (x if normal else x.choose("<", float(info.tiny), x * lift, x)).bits()
    exponent = (bits - _bits_of(v, math.sqrt(0.5))) >> int(info.nmant)
    k = (exponent + _bits_of(v, _rounder(v))).floats() - _rounder(v)
    if not normal:
        k = x.choose("<", float(info.tiny), k - (info.nmant + 2.0), k)
    f = (bits - (exponent << int(info.nmant))).floats() - 1.0
    if v.bytes == 4:
        square = f * f
        return k, f, square * 0.5 - square * f * _series(f, _LOG_FITTED)
    s = f / (f + 2.0)
    square, terms = s * s, 11
    series = square * (2 / (2 * terms + 1)) + 2 / (2 * terms - 1)
    for term in range(terms - 2, 0, -1):
        series = series * square + 2 / (2 * term + 1)
    half_square = f * f * 0.5
    return k, f, half_square - s * (half_square + series * square)


def _log_limits(x: Lanes, logarithm: Lanes) -> Lanes:
    """The logarithm with its values outside the positive finite numbers."""
    finite = x.choose("<", math.inf, logarithm, x)  # inf and nan stay
    positive = x.choose("<", 0.0, math.nan, finite)
    return x.choose("==", 0.0, -math.inf, positive)


def log(x: Lanes, *, normal: bool = False) -> Lanes:
    """Natural logarithm; -inf for 0, nan below; 1 ulp. If ``normal``, of no denormals or below."""
    k, f, rest = _log_parts(x, normal=normal)
    high, low = _ln2_parts(x.v)
    logarithm = k * high - ((rest - k * low) - f)
    if normal:
        return x.choose("<", math.inf, logarithm, x)  # inf and nan stay
    return _log_limits(x, logarithm)


def log2(x: Lanes) -> Lanes:
    """Binary logarithm; -inf for 0, nan below; 2 ulp, exact for powers of two."""
    k, f, rest = _log_parts(x)
    return _log_limits(x, (f - rest) * (1 / math.log(2)) + k)
