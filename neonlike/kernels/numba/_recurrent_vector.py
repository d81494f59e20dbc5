"""Element-wise passes over panels as vector IR, for the recurrent sweeps.

A panel is a flat scratch array of whole lines (64 bytes), so these loops have no remainders, no
alias checks and next to no compile time. ``elementwise`` makes a Numba intrinsic from a formula on
``Lanes``, values that carry one vector:

    update = elementwise(lambda x, y: [x * y])       # the last operand is written
    update(panel, (x, y, out), size)                 # operands are offsets into the panel

tanh and the logistic function come from ``expm1``: with ``x = k ln 2 + r``, ``|r| <= ln 2 / 2``,

    expm1(x) = 2^k expm1(r) + (2^k - 1),   expm1(r) = r (1 + r/2! + r^2/3! + ...)

so that small results keep their relative precision. ``k`` is rounded by adding and subtracting
1.5 * 2^(mantissa bits), whose sum also holds ``k`` in its low bits: shifted into the exponent
field they are 2^k. Errors stay below 3 ulp; nan stays nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels.numba._vector import LINE_BYTES, Vectors, loop

cgutils: Any = _cgutils  # carries no type information
_INDEX = ir.IntType(64)
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

    def choose(self, comparison: str, other: Lanes | float, yes: Any, no: Any) -> Lanes:
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


Formula = Callable[..., Sequence[Lanes]]


def elementwise(formula: Formula, reads: int) -> Any:
    """An intrinsic ``op(panel, offsets, numbers, size)`` for ``formula``.

    The formula gets the vectors at the first ``reads`` offsets, then ``numbers`` (a tuple of
    floats) splat; its results go to the last offsets. ``size`` counts elements, whole lines.
    """

    @intrinsic
    def op(typingctx, panel, offsets, numbers, size):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(panel, offsets, numbers, types.intp)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            panel_type, _, numbers_type, _ = signature.args
            v = Vectors(builder, panel_type.dtype)
            base = context.make_array(panel_type)(context, builder, args[0]).data
            places = [v.at(base, offset) for offset in cgutils.unpack_tuple(builder, args[1])]
            constants = [
                Lanes(v, v.splat(context.cast(builder, number, kind, panel_type.dtype)))
                for kind, number in zip(
                    numbers_type, cgutils.unpack_tuple(builder, args[2]), strict=True
                )
            ]

            def step(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
                at = builder.mul(i, _INDEX(v.lanes))
                inputs = [Lanes(v, v.load(v.at(place, at))) for place in places[:reads]]
                results = list(formula(*inputs, *constants))
                for result, place in zip(results, places[-len(results) :], strict=True):
                    v.store(result.value, v.at(place, at))
                return []

            loop(builder, builder.sdiv(args[3], _INDEX(v.lanes)), [], step)
            return context.get_dummy_value()

        return signature, codegen

    return op


def transfer(inwards: bool, accumulate: bool = False) -> Any:
    """An intrinsic that copies rows between an array and a panel.

    ``op(x, row, column, panel, start, pitch, rows, width, bias)``: ``rows`` rows of ``width``
    elements, from ``x[row, column]`` on, and ``panel[start]`` on with ``pitch`` from row to row.
    Inwards ``bias[row + r, 0]`` is added unless ``bias`` is empty, and with ``accumulate`` the
    old content. ``x`` is C-contiguous.
    """

    @intrinsic
    def op(typingctx, x, row, column, panel, start, pitch, rows, width, bias):  # type: ignore[no-untyped-def]  # Numba's protocol
        index = types.intp
        signature = types.void(x, index, index, panel, index, index, index, index, bias)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            _, row, column, _, start, pitch, rows, width, _ = args
            x, panel, bias = (
                context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 3, 8)
            )
            v = Vectors(builder, signature.args[3].dtype)
            stride = cgutils.unpack_tuple(builder, x.shape)[1]
            biased = builder.icmp_signed("!=", bias.nitems, _INDEX(0))

            def one_row(r: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
                line = builder.add(row, r)
                outside = v.at(x.data, builder.add(builder.mul(line, stride), column))
                inside = v.at(panel.data, builder.add(start, builder.mul(r, pitch)))
                source, target = (outside, inside) if inwards else (inside, outside)
                addend = None
                if inwards:  # an empty bias is never read: its address is replaced
                    place = builder.select(biased, v.at(bias.data, line), outside)
                    addend = builder.select(biased, builder.load(place), v.element(0.0))

                def move(at: ir.Value, lanes: int) -> None:
                    kind = ir.VectorType(v.element, lanes)
                    value = v.load(v.at(source, at), kind)
                    if addend is not None:
                        value = builder.fadd(value, _splat(v, addend, lanes))
                    if accumulate:
                        value = builder.fadd(value, v.load(v.at(target, at), kind))
                    v.store(value, v.at(target, at))

                _cover(v, width, move)
                return []

            loop(builder, rows, [], one_row)
            return context.get_dummy_value()

        return signature, codegen

    return op


def _cover(v: Vectors, width: ir.Value, move: Callable[[ir.Value, int], None]) -> None:
    """Call ``move(first, lanes)`` for parts that cover 0..width: whole vectors, then halves."""
    builder = v.builder
    whole = builder.sdiv(width, _INDEX(v.lanes))

    def one_vector(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        move(builder.mul(i, _INDEX(v.lanes)), v.lanes)
        return []

    loop(builder, whole, [], one_vector)
    lanes = v.lanes // 2
    while lanes:
        present = builder.icmp_signed("!=", builder.and_(width, _INDEX(lanes)), _INDEX(0))
        with builder.if_then(present):
            move(builder.and_(width, _INDEX(-2 * lanes)), lanes)
        lanes //= 2


def _splat(v: Vectors, scalar: ir.Value, lanes: int) -> ir.Value:
    whole = v.splat(scalar)
    return whole if lanes == v.lanes else v.shuffle(whole, whole, range(lanes))


def product_tile(rows: int, half: bool = False) -> Any:
    """An intrinsic for ``rows`` rows of ``panel += weights @ panel``, one line of columns.

    ``tile(w, w_start, panel, x, out, pitch, count)``: packed weights (count, rows) from
    ``w[w_start]`` on, operand rows at ``panel[x + i pitch]``, result rows at
    ``panel[out + k pitch]``. With ``half`` it is half a line of columns.
    """

    @intrinsic
    def tile(typingctx, w, w_start, panel, x, out, pitch, count):  # type: ignore[no-untyped-def]  # Numba's protocol
        index = types.intp
        signature = types.void(w, index, panel, index, index, index, index)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            _, w_start, _, x, out, pitch, count = args
            w, panel = (
                context.make_array(signature.args[i])(context, builder, args[i]).data
                for i in (0, 2)
            )
            v = Vectors(builder, signature.args[0].dtype)
            columns = LINE_BYTES // v.bytes // (2 if half else 1)
            v.lanes = min(v.lanes, columns)
            v.type = ir.VectorType(v.element, v.lanes)
            parts = [n * v.lanes for n in range(columns // v.lanes)]
            places = [
                v.at(v.at(panel, builder.add(out, builder.mul(pitch, _INDEX(k)))), part)
                for k in range(rows)
                for part in parts
            ]

            def step(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                operand = v.at(panel, builder.add(x, builder.mul(i, pitch)))
                weights = v.at(w, builder.add(w_start, builder.mul(i, _INDEX(rows))))
                vectors = [v.load(v.at(operand, part)) for part in parts]
                scalars = [v.splat(builder.load(v.at(weights, k))) for k in range(rows)]
                terms = [(scalar, vector) for scalar in scalars for vector in vectors]
                return [
                    v.multiply_add(scalar, vector, total)
                    for (scalar, vector), total in zip(terms, sums, strict=True)
                ]

            sums = loop(builder, count, [v.load(place) for place in places], step)
            for total, place in zip(sums, places, strict=True):
                v.store(total, place)
            return context.get_dummy_value()

        return signature, codegen

    return tile
