"""Arithmetic on vectors for the recurrent sweeps, up to tanh and the logistic function.

``Lanes`` are values that carry one vector of LLVM IR.

tanh and the logistic function come from ``expm1``: with ``x = k ln 2 + r``, ``|r| <= ln 2 / 2``,

    expm1(x) = 2^k expm1(r) + (2^k - 1),   expm1(r) = r (1 + r/2! + r^2/3! + ...)

so that small results keep their relative precision. ``k`` is rounded by adding and subtracting
1.5 * 2^(mantissa bits), whose sum also holds ``k`` in its low bits: shifted into the exponent
field they are 2^k. Errors stay below 3 ulp; nan stays nan.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir

from neonlike.kernels.numba._vector import Vectors

_FLAGS = ("contract", "nsz")


class Lanes:
    """One vector, with arithmetic on it; numbers are splat."""

    def __init__(self, v: Vectors, value: ir.Value) -> None:
        self.v = v
        self.value = value

    def _of(self, other: Lanes | float) -> ir.Value:
        if isinstance(other, Lanes):
            return other.value
        return ir.Constant(self.v.type, [self.v.element(other)] * self.v.lanes)

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

    def choose(
        self, comparison: str, other: Lanes | float, yes: Lanes | float, no: Lanes | float
    ) -> Lanes:
        """``yes`` where the comparison with ``other`` holds (never for nan), else ``no``."""
        condition = self.v.builder.fcmp_ordered(comparison, self.value, self._of(other))
        value = self.v.builder.select(condition, self._of(yes), self._of(no))
        return Lanes(self.v, value)

    def within(self, limit: float) -> Lanes:
        """Clipped to ``-limit..limit``."""
        upper = self.choose(">", limit, limit, self)
        return upper.choose("<", -limit, -limit, upper)


def expm1_parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """``(2^k, expm1(r))`` of the module header."""
    v, builder = x.v, x.v.builder
    info = np.finfo(np.float32 if v.bytes == 4 else np.float64)
    terms, high_bits = (7, 9) if v.bytes == 4 else (13, 32)  # series length; exact with any k
    rounder = 1.5 * 2.0**info.nmant
    ln2_high = math.floor(math.log(2) * 2**high_bits) / 2**high_bits
    # the digits of ln 2 beyond float64 make a second number
    ln2_low = math.log(2) - ln2_high + 2.3190468138462996e-17
    shifted = x * (1 / math.log(2)) + rounder
    k = shifted - rounder
    r = (x - k * ln2_high) - k * ln2_low
    total = r * (1 / math.factorial(terms)) + 1 / math.factorial(terms - 1)
    for term in range(terms - 2, 0, -1):
        total = total * r + 1 / math.factorial(term)
    integers = ir.VectorType(ir.IntType(8 * v.bytes), v.lanes)
    mantissa = ir.Constant(integers, [int(info.nmant)] * v.lanes)
    exponent_of_one = ir.Constant(integers, [(info.maxexp - 1) << int(info.nmant)] * v.lanes)
    bits = builder.shl(builder.bitcast(shifted.value, integers), mantissa)
    power = builder.bitcast(builder.add(bits, exponent_of_one), v.type)
    return Lanes(v, power), total * r


def tanh(x: Lanes) -> Lanes:
    """Hyperbolic tangent: ``e / (e + 2)`` with ``e = expm1(2 x)``."""
    nmant = np.finfo(np.float32 if x.v.bytes == 4 else np.float64).nmant
    x = x.within(math.ceil((nmant + 3) * math.log(2) / 2))  # beyond, 1 - tanh is below eps / 4
    power, small = expm1_parts(x + x)
    e = power * small + (power - 1.0)
    return e / (e + 2.0)


def logistic(x: Lanes) -> Lanes:
    """``1 / (1 + exp(-x))``."""
    power, small = expm1_parts(0.0 - x.within(_largest(x)))
    denominator = (power * small + power) + 1.0
    return Lanes(x.v, denominator._of(1.0)) / denominator


def expm1(x: Lanes) -> Lanes:
    """``exp(x) - 1``, saturating just inside the type's range."""
    power, small = expm1_parts(x.within(_largest(x)))
    return power * small + (power - 1.0)


def _largest(x: Lanes) -> float:
    """Where exp overflows, nearly."""
    return float(math.log(np.finfo(np.float32 if x.v.bytes == 4 else np.float64).max) // 1 - 1)
