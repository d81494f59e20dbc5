"""The transforms of Winograd convolution F(m x m, r x r) as vector IR.

Along one axis, m outputs of a filter with r taps take m + r - 1 products instead of m r:

    outputs(filters(g) * inputs(d)),     d: m + r - 1 inputs, g: r taps
    weights(errors(e) * inputs(d)),      e: m errors; the gradient of the taps

where all maps are linear and only add and scale (polynomials through the points 0, 1, -1, [2, -2,
[1/2, -1/2,]] infinity). They are here for m x r = 2 x 3, 4 x 3 and 4 x 5. In two dimensions each
map is applied along rows, then along columns. Source: spec performance 2.2; Lavin and Gray, "Fast
algorithms for convolutional neural networks".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from neonlike.kernels.numba._ir import outlined
from neonlike.kernels.numba._vector import Vectors, loop, rectify
from neonlike.kernels.numba._vector_math import Lanes

build: Any = cgutils  # Numba's own modules are untyped
_INDEX = ir.IntType(64)

Vector = Sequence[Lanes]
Map = Callable[[Vector], Vector]


def _at_points(zero: Lanes, infinity: Lanes, *parts: tuple[Lanes, Lanes]) -> Vector:
    """Values at 0, at each a and -a from the even and the odd part there, and at infinity."""
    return zero, *(v for even, odd in parts for v in (even + odd, even - odd)), infinity


def inputs_4(d: Vector) -> Vector:
    """4 inputs to 4 points."""
    return d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]


def inputs_6(d: Vector) -> Vector:
    """6 inputs to 6 points."""
    even_1, odd_1 = d[4] - d[2] * 4, d[3] - d[1] * 4
    even_2, odd_2 = d[4] - d[2], (d[3] - d[1]) * 2
    ends = d[0] * 4 - d[2] * 5 + d[4], d[1] * 4 - d[3] * 5 + d[5]
    return _at_points(*ends, (even_1, odd_1), (even_2, odd_2))


def filters_2x3(g: Vector) -> Vector:
    """3 taps to 4 points."""
    even, odd = (g[0] + g[2]) * 0.5, g[1] * 0.5
    return g[0], even + odd, even - odd, g[2]


def filters_4x3(g: Vector) -> Vector:
    """3 taps to 6 points."""
    even_1, odd_1 = (g[0] + g[2]) * (-1 / 6), g[1] * (-1 / 6)
    even_2, odd_2 = g[0] * (1 / 24) + g[2] * (1 / 6), g[1] * (1 / 12)
    return _at_points(g[0] * 0.25, g[2], (even_1, odd_1), (even_2, odd_2))


def inputs_8(d: Vector) -> Vector:
    """8 inputs to 8 points."""
    even_1, odd_1 = d[6] - d[4] * 4.25 + d[2], d[5] - d[3] * 4.25 + d[1]
    even_2, odd_2 = d[6] - d[4] * 1.25 + d[2] * 0.25, d[5] * 2 - d[3] * 2.5 + d[1] * 0.5
    even_h, odd_h = d[6] - d[4] * 5 + d[2] * 4, d[5] * 0.5 - d[3] * 2.5 + d[1] * 2
    ends = d[6] - d[0] + (d[2] - d[4]) * 5.25, d[7] - d[1] + (d[3] - d[5]) * 5.25
    return _at_points(*ends, (even_1, odd_1), (even_2, odd_2), (even_h, odd_h))


def filters_4x5(g: Vector) -> Vector:
    """5 taps to 8 points."""
    even_1, odd_1 = (g[0] + g[2] + g[4]) * (-2 / 9), (g[1] + g[3]) * (-2 / 9)
    even_2 = g[0] * (1 / 90) + g[2] * (4 / 90) + g[4] * (16 / 90)
    odd_2 = g[1] * (2 / 90) + g[3] * (8 / 90)
    even_h = g[0] * (32 / 45) + g[2] * (8 / 45) + g[4] * (2 / 45)
    odd_h = g[1] * (16 / 45) + g[3] * (4 / 45)
    return _at_points(g[0] * -1, g[4], (even_1, odd_1), (even_2, odd_2), (even_h, odd_h))


def outputs_2x3(y: Vector) -> Vector:
    """4 points to 2 outputs."""
    return y[0] + y[1] + y[2], y[1] - y[2] - y[3]


def outputs_4x3(y: Vector) -> Vector:
    """6 points to 4 outputs."""
    even_1, odd_1 = y[1] + y[2], y[1] - y[2]
    even_2, odd_2 = y[3] + y[4], y[3] - y[4]
    return y[0] + even_1 + even_2, odd_1 + odd_2 * 2, even_1 + even_2 * 4, odd_1 + odd_2 * 8 + y[5]


def outputs_4x5(y: Vector) -> Vector:
    """8 points to 4 outputs."""
    even_1, odd_1 = y[1] + y[2], y[1] - y[2]
    even_2, odd_2 = y[3] + y[4], y[3] - y[4]
    even_h, odd_h = y[5] + y[6], y[5] - y[6]
    return (
        y[0] + even_1 + even_2 + even_h,
        odd_1 + odd_2 * 2 + odd_h * 0.5,
        even_1 + even_2 * 4 + even_h * 0.25,
        odd_1 + odd_2 * 8 + odd_h * 0.125 + y[7],
    )


def errors_4x3(e: Vector) -> Vector:
    """4 errors to 6 points, the transpose of ``outputs_4x3``."""
    even_1, odd_1 = e[0] + e[2], e[1] + e[3]
    even_2, odd_2 = e[0] + e[2] * 4, e[1] * 2 + e[3] * 8
    return _at_points(e[0], e[3], (even_1, odd_1), (even_2, odd_2))


def errors_4x5(e: Vector) -> Vector:
    """4 errors to 8 points, the transpose of ``outputs_4x5``."""
    even_1, odd_1 = e[0] + e[2], e[1] + e[3]
    even_2, odd_2 = e[0] + e[2] * 4, e[1] * 2 + e[3] * 8
    even_h, odd_h = e[0] + e[2] * 0.25, e[1] * 0.5 + e[3] * 0.125
    return _at_points(e[0], e[3], (even_1, odd_1), (even_2, odd_2), (even_h, odd_h))


def weights_4x3(u: Vector) -> Vector:
    """6 points to the gradients of 3 taps, the transpose of ``filters_4x3``."""
    even_1, odd_1 = (u[1] + u[2]) * (1 / 6), (u[2] - u[1]) * (1 / 6)
    even_2, odd_2 = (u[3] + u[4]) * (1 / 24), (u[3] - u[4]) * (1 / 12)
    return u[0] * 0.25 - even_1 + even_2, odd_1 + odd_2, even_2 * 4 - even_1 + u[5]


def weights_4x5(u: Vector) -> Vector:
    """8 points to the gradients of 5 taps, the transpose of ``filters_4x5``."""
    even_1, odd_1 = (u[1] + u[2]) * (-2 / 9), (u[1] - u[2]) * (-2 / 9)
    even_2, odd_2 = (u[3] + u[4]) * (1 / 90), (u[3] - u[4]) * (2 / 90)
    even_h, odd_h = (u[5] + u[6]) * (32 / 45), (u[5] - u[6]) * (16 / 45)
    return (
        even_1 + even_2 + even_h - u[0],
        odd_1 + odd_2 + odd_h,
        even_1 + even_2 * 4 + even_h * 0.25,
        odd_1 + odd_2 * 4 + odd_h * 0.25,
        even_1 + even_2 * 16 + even_h * 0.0625 + u[7],
    )


def transform(one_axis: Map, size: int, *, stream: bool = False, rectifies: bool = False) -> Any:
    """An intrinsic that applies ``one_axis`` to both axes of ``size`` x ``size`` lines.

    ``op(source, target, target_row, target_column, after, like)``: addresses, and strides in
    elements. ``source`` is (address, row stride, column stride), or (table,) with the address of a
    table of the addresses of all lines. It is read before the target is written, vector by vector.
    With ``stream`` lines are stored past the caches, and the target's lines must be aligned. If
    the transform ``rectifies``, ``after`` is (bias, slope) for ``_vector.rectify``, else ().
    """

    @intrinsic
    def op(typingctx, source, target, target_row, target_column, after, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(source, *[types.intp] * 3, after, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            scalar, strided = signature.args[-1], len(signature.args[0]) == 3
            reads, then = (build.unpack_tuple(builder, args[n]) for n in (0, 4))

            def emit(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                v, count = Vectors(builder, scalar), len(reads)
                lines = (_strided if strided else _listed)(v, size, *arguments[:count])
                _emit_transform(v, one_axis, size, stream, lines, *arguments[count:])

            outlined(
                builder,
                f"{one_axis.__name__}_{scalar}_{stream}_{strided}",
                [*reads, *args[1:4], *then],
                emit,
            )
            return context.get_dummy_value()

        return signature, codegen

    return op


def _strided(
    v: Vectors, size: int, address: ir.Value, row: ir.Value, column: ir.Value
) -> list[list[ir.Value]]:
    """Pointers to lines at constant distances."""
    start, b = v.pointer(address), v.builder
    downs = [b.mul(row, _INDEX(i)) for i in range(size)]
    rights = [b.mul(column, _INDEX(j)) for j in range(size)]
    return [[v.at(start, b.add(down, right)) for right in rights] for down in downs]


def _listed(v: Vectors, size: int, table: ir.Value) -> list[list[ir.Value]]:
    """Pointers to lines whose addresses are in a table."""
    first = v.builder.inttoptr(table, _INDEX.as_pointer())
    addresses = [v.builder.load(v.builder.gep(first, [_INDEX(n)])) for n in range(size * size)]
    pointers = [v.pointer(address) for address in addresses]
    return [pointers[i * size : (i + 1) * size] for i in range(size)]


def fetch(size: int, *, write: bool = False) -> Any:
    """An intrinsic that brings ``size`` x ``size`` lines nearer, to ``write`` them or to read.

    ``op(address, row stride, column stride, like)``; the address need not be valid.
    """

    @intrinsic
    def op(typingctx, address, row, column, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            v = Vectors(builder, signature.args[-1])
            for line in _strided(v, size, *args[:3]):
                for place in line:
                    v.prefetch(place, write=write)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 3, like), codegen

    return op


def _fetch_listed(typingctx, table, count, like):  # type: ignore[no-untyped-def]  # Numba's protocol
    """``fetch_listed(table, count, like)``: bring the lines at a table's addresses nearer."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        v = Vectors(builder, signature.args[-1])
        first = builder.inttoptr(args[0], _INDEX.as_pointer())

        def step(n: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
            v.prefetch(v.pointer(builder.load(builder.gep(first, [n]))))
            return []

        loop(builder, args[1], [], step)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, like), codegen


fetch_listed: Any = intrinsic(_fetch_listed)


def _emit_transform(
    v: Vectors,
    one_axis: Map,
    size: int,
    stream: bool,
    lines: list[list[ir.Value]],
    target: ir.Value,
    row: ir.Value,
    column: ir.Value,
    *then: ir.Value,
) -> None:
    """The loop over the vectors of a line."""
    side = len(one_axis([Lanes(v, v.zero())] * size))
    places = _strided(v, side, target, row, column)

    def step(n: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        first = v.builder.mul(n, _INDEX(v.lanes))
        columns = []
        for j in range(size):
            values = [v.load(v.at(lines[i][j], first)) for i in range(size)]
            columns.append(one_axis([Lanes(v, value) for value in values]))
        for i, line in enumerate(zip(*columns, strict=True)):
            for j, result in enumerate(one_axis(line)):
                value = rectify(v, result.value, *then) if then else result.value
                v.store(value, v.at(places[i][j], first), stream=stream)
        return []

    loop(v.builder, _INDEX(v.line), [], step)
