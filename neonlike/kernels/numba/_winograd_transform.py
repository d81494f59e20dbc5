"""The transforms of Winograd convolution F(m x m, 3x3), m = 2 or 4, as vector IR.

Along one axis, m outputs of a filter with 3 taps take m + 2 products instead of 3 m:

    outputs(filters(g) * inputs(d)),     d: m + 2 inputs, g: 3 taps

where inputs, filters, outputs are linear maps that only add and scale (the polynomial through the
points 0, 1, -1, [2, -2,] infinity). In two dimensions each map is applied along rows, then along
columns. Source: spec performance 2.2; Lavin and Gray, "Fast algorithms for convolutional neural
networks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels.numba._recurrent_passes import outlined
from neonlike.kernels.numba._vector import Vectors, loop
from neonlike.kernels.numba._vector_math import Lanes

_INDEX = ir.IntType(64)

Vector = Sequence[Lanes]
Map = Callable[[Vector], Vector]


def inputs_2(d: Vector) -> Vector:
    """4 inputs to 4 points."""
    return d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]


def filters_2(g: Vector) -> Vector:
    """3 taps to 4 points."""
    even, odd = (g[0] + g[2]) * 0.5, g[1] * 0.5
    return g[0], even + odd, even - odd, g[2]


def outputs_2(y: Vector) -> Vector:
    """4 points to 2 outputs."""
    return y[0] + y[1] + y[2], y[1] - y[2] - y[3]


def inputs_4(d: Vector) -> Vector:
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


def filters_4(g: Vector) -> Vector:
    """3 taps to 6 points."""
    even_1, odd_1 = (g[0] + g[2]) * (-1 / 6), g[1] * (-1 / 6)
    even_2, odd_2 = g[0] * (1 / 24) + g[2] * (1 / 6), g[1] * (1 / 12)
    return g[0] * 0.25, even_1 + odd_1, even_1 - odd_1, even_2 + odd_2, even_2 - odd_2, g[2]


def outputs_4(y: Vector) -> Vector:
    """6 points to 4 outputs."""
    even_1, odd_1 = y[1] + y[2], y[1] - y[2]
    even_2, odd_2 = y[3] + y[4], y[3] - y[4]
    return y[0] + even_1 + even_2, odd_1 + odd_2 * 2, even_1 + even_2 * 4, odd_1 + odd_2 * 8 + y[5]


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
