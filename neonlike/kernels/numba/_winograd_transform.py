"""The transforms of Winograd convolution F(m x m, r x r) as vector IR.

Along one axis, m outputs of a filter with r taps take m + r - 1 products instead of m r:

    outputs(filters(g) * inputs(d)),     d: m + r - 1 inputs, g: r taps
    weights(errors(e) * inputs(d)),      e: m errors; the gradient of the taps

where all maps are linear and only add and scale (polynomials through the points 0, 1, -1, [2, -2,]
infinity). They are here for m x r = 2 x 3, 4 x 3 and 2 x 5. In two dimensions each map is applied
along rows, then along columns. Source: spec performance 2.2; Lavin and Gray, "Fast algorithms for
convolutional neural networks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels.numba._recurrent_passes import outlined
from neonlike.kernels.numba._vector import LINE_BYTES, Vectors, loop
from neonlike.kernels.numba._vector_math import Lanes

_INDEX = ir.IntType(64)

Vector = Sequence[Lanes]
Map = Callable[[Vector], Vector]


def inputs_4(d: Vector) -> Vector:
    """4 inputs to 4 points."""
    return d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]


def inputs_6(d: Vector) -> Vector:
    """6 inputs to 6 points."""
    even_1, odd_1 = d[4] - d[2] * 4, d[3] - d[1] * 4
    even_2, odd_2 = d[4] - d[2], (d[3] - d[1]) * 2
    return (
        d[0] * 4 - d[2] * 5 + d[4],
        even_1 + odd_1,
        even_1 - odd_1,
        even_2 + odd_2,
        even_2 - odd_2,
        d[1] * 4 - d[3] * 5 + d[5],
    )


def filters_2x3(g: Vector) -> Vector:
    """3 taps to 4 points."""
    even, odd = (g[0] + g[2]) * 0.5, g[1] * 0.5
    return g[0], even + odd, even - odd, g[2]


def filters_4x3(g: Vector) -> Vector:
    """3 taps to 6 points."""
    even_1, odd_1 = (g[0] + g[2]) * (-1 / 6), g[1] * (-1 / 6)
    even_2, odd_2 = g[0] * (1 / 24) + g[2] * (1 / 6), g[1] * (1 / 12)
    return g[0] * 0.25, even_1 + odd_1, even_1 - odd_1, even_2 + odd_2, even_2 - odd_2, g[2]


def filters_2x5(g: Vector) -> Vector:
    """5 taps to 6 points."""
    even_1, odd_1 = (g[0] + g[2] + g[4]) * (-1 / 6), (g[1] + g[3]) * (-1 / 6)
    even_2 = g[0] * (1 / 24) + g[2] * (1 / 6) + g[4] * (2 / 3)
    odd_2 = g[1] * (1 / 12) + g[3] * (1 / 3)
    return g[0] * 0.25, even_1 + odd_1, even_1 - odd_1, even_2 + odd_2, even_2 - odd_2, g[4]


def outputs_2x3(y: Vector) -> Vector:
    """4 points to 2 outputs."""
    return y[0] + y[1] + y[2], y[1] - y[2] - y[3]


def outputs_4x3(y: Vector) -> Vector:
    """6 points to 4 outputs."""
    even_1, odd_1 = y[1] + y[2], y[1] - y[2]
    even_2, odd_2 = y[3] + y[4], y[3] - y[4]
    return y[0] + even_1 + even_2, odd_1 + odd_2 * 2, even_1 + even_2 * 4, odd_1 + odd_2 * 8 + y[5]


def outputs_2x5(y: Vector) -> Vector:
    """6 points to 2 outputs."""
    return y[0] + y[1] + y[2] + (y[3] + y[4]), y[1] - y[2] + (y[3] - y[4]) * 2 + y[5]


def errors_4x3(e: Vector) -> Vector:
    """4 errors to 6 points, the transpose of ``outputs_4x3``."""
    even_1, odd_1 = e[0] + e[2], e[1] + e[3]
    even_2, odd_2 = e[0] + e[2] * 4, e[1] * 2 + e[3] * 8
    return e[0], even_1 + odd_1, even_1 - odd_1, even_2 + odd_2, even_2 - odd_2, e[3]


def errors_2x5(e: Vector) -> Vector:
    """2 errors to 6 points, the transpose of ``outputs_2x5``."""
    return e[0], e[0] + e[1], e[0] - e[1], e[0] + e[1] * 2, e[0] - e[1] * 2, e[1]


def weights_4x3(u: Vector) -> Vector:
    """6 points to the gradients of 3 taps, the transpose of ``filters_4x3``."""
    even_1, odd_1 = (u[1] + u[2]) * (1 / 6), (u[2] - u[1]) * (1 / 6)
    even_2, odd_2 = (u[3] + u[4]) * (1 / 24), (u[3] - u[4]) * (1 / 12)
    return u[0] * 0.25 - even_1 + even_2, odd_1 + odd_2, even_2 * 4 - even_1 + u[5]


def weights_2x5(u: Vector) -> Vector:
    """6 points to the gradients of 5 taps, the transpose of ``filters_2x5``."""
    even_1, odd_1 = (u[1] + u[2]) * (1 / 6), (u[2] - u[1]) * (1 / 6)
    even_2, odd_2 = (u[3] + u[4]) * (1 / 24), (u[3] - u[4]) * (1 / 12)
    return (
        u[0] * 0.25 - even_1 + even_2,
        odd_1 + odd_2,
        even_2 * 4 - even_1,
        odd_1 + odd_2 * 4,
        even_2 * 16 - even_1 + u[5],
    )


def transform(one_axis: Map, size: int, *, stream: bool = False) -> Any:
    """An intrinsic that applies ``one_axis`` to both axes of ``size`` x ``size`` lines.

    ``op(source, row, column, target, target_row, target_column, like)``: addresses, and strides in
    elements. The source is read before the target is written, vector by vector. With ``stream``
    lines are stored past the caches, and the target's lines must be aligned.
    """

    @intrinsic
    def op(typingctx, source, row, column, target, target_row, target_column, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(*[types.intp] * 6, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            scalar = signature.args[-1]

            def emit(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                _emit_transform(Vectors(builder, scalar), one_axis, size, stream, arguments)

            outlined(builder, f"{one_axis.__name__}_{scalar}_{stream}", args[:-1], emit)
            return context.get_dummy_value()

        return signature, codegen

    return op


def _turn_lines(typingctx, source, stride, target, like):  # type: ignore[no-untyped-def]  # Numba's protocol
    """``turn_lines(source, stride, target, like)``: transpose a square of lines.

    The lines of ``source``, ``stride`` elements apart, become columns of those at ``target``.
    """

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        scalar = signature.args[-1]
        outlined(
            builder,
            f"turn_lines_{scalar}",
            args[:-1],
            lambda builder, arguments: _emit_turn(Vectors(builder, scalar), arguments),
        )
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, like), codegen


def _emit_turn(v: Vectors, arguments: Sequence[ir.Value]) -> None:
    """Merge the two halves of all lines, element by element, until each is a column."""
    source, stride, target = arguments
    count = LINE_BYTES // v.bytes
    line = ir.VectorType(v.element, count)
    lines = [
        v.load(v.at(v.pointer(source), v.builder.mul(stride, _INDEX(i))), line)
        for i in range(count)
    ]
    mixed = [lane // 2 + lane % 2 * count for lane in range(2 * count)]
    for _ in range(count.bit_length() - 1):
        pairs = zip(lines[: count // 2], lines[count // 2 :], strict=True)
        lines = [v.shuffle(a, b, half) for a, b in pairs for half in (mixed[:count], mixed[count:])]
    for i, value in enumerate(lines):
        v.store(value, v.at(v.pointer(target), i * count))


turn_lines: Any = intrinsic(_turn_lines)


def _emit_transform(
    v: Vectors, one_axis: Map, size: int, stream: bool, arguments: Sequence[ir.Value]
) -> None:
    """The loop over the vectors of a line."""
    source, row, column, target, target_row, target_column = arguments
    source, target = v.pointer(source), v.pointer(target)

    def place(base: ir.Value, row: ir.Value, column: ir.Value, i: int, j: int) -> ir.Value:
        down, right = v.builder.mul(row, _INDEX(i)), v.builder.mul(column, _INDEX(j))
        return v.at(base, v.builder.add(down, right))

    def step(n: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        first = v.builder.mul(n, _INDEX(v.lanes))
        read, write = v.at(source, first), v.at(target, first)
        columns = []
        for j in range(size):
            values = [v.load(place(read, row, column, i, j)) for i in range(size)]
            columns.append(one_axis([Lanes(v, value) for value in values]))
        for i, line in enumerate(zip(*columns, strict=True)):
            for j, result in enumerate(one_axis(line)):
                at = place(write, target_row, target_column, i, j)
                v.store(result.value, at, stream=stream)
        return []

    loop(v.builder, _INDEX(v.line), [], step)
