"""Vector micro-kernels as LLVM IR.

The compiler does not turn loops over many accumulators into good code, so the innermost tiles
are written out here: each ``*_tile`` function makes a Numba intrinsic whose body is built from
``<LANES x float>`` values. A kernel module binds the intrinsics it needs to module globals (Numba
never finds a kernel in its cache again that closes over one).

Tiles take addresses, so that nothing is known about arrays here; offsets and strides count
elements. The type of the scalar argument ``like`` is the element type. Columns are handled in
*lines* of 64 bytes (16 float32 or 8 float64), whatever the vectors of the host are.

    broadcast_tile(K)   out[k, 0:line] = sum_i w[i, k] * x[i, 0:line]             (k < K)
    dot_tile(M, K)      out[m, k]     += sum_j x[offset[m] + j] * y[k, j]         (m < M, k < K)
    outer_tile(K)       out[k, 0:line] += sum_ij x[i, k, j] * y[i, j, 0:line]     (j < line)

The sum of ``broadcast_tile`` runs over segments, each a range of weights and inputs at constant
strides, so that the same code serves matrix products, filter windows and ring buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from neonlike.kernels.numba._ir import INDEX as _INDEX
from neonlike.kernels.numba._ir import LANES as LANES
from neonlike.kernels.numba._ir import LINE_BYTES as LINE_BYTES
from neonlike.kernels.numba._ir import REGISTERS, outlined
from neonlike.kernels.numba._ir import Vectors as Vectors
from neonlike.kernels.numba._ir import loop as loop

build: Any = cgutils  # Numba's own modules are untyped
_ACCUMULATORS = 24 if REGISTERS == 32 else 12  # leaves room for operands
_LINE_VECTORS = LINE_BYTES // (4 * LANES)

# Rows of the broadcast tiles and sides of the dot tile that fill the registers.
WIDE = min(16, _ACCUMULATORS // _LINE_VECTORS)
HALF, QUARTER = (WIDE + 1) // 2, (WIDE + 3) // 4
DOT_ROWS, DOT_COLUMNS = _ACCUMULATORS // 4, 4


def broadcast_tile(rows: int, *, rectifies: bool = False) -> Any:
    """An intrinsic for ``rows`` rows of weights times one line of columns.

    ``tile(w, x, step, segments, count, out, stride, beta, stream, like)``: the ``count`` segments
    are int64 triples (weight, input, length): they multiply the rows of ``w`` (any, rows) from
    ``weight`` on with the lines from ``x + input`` on, ``step`` elements apart. Result row k goes
    to ``out`` + k ``stride``. With ``beta`` not 0 it is ``beta * out + ...``; ``stream`` not 0
    stores past the caches, which needs aligned full lines. If the tile ``rectifies``, ``after`` is
    (address of ``rows`` biases, slope): they are added to the sums, and negative ones are scaled
    by the slope; else it is ().
    """

    @intrinsic
    def tile(typingctx, w, x, step, segments, count, out, stride, beta, stream, after, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        addresses = [types.intp] * 7
        signature = types.void(*addresses, like, types.intp, after, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            w, x, step, segments, count, out, stride, beta, stream, after, _ = args
            v = Vectors(builder, signature.args[-1])
            w, x, out = (v.pointer(address) for address in (w, x, out))
            segments = builder.inttoptr(segments, _INDEX.as_pointer())

            def segment(number: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                at = builder.mul(number, _INDEX(3))
                weight, start, length = (
                    builder.load(builder.gep(segments, [builder.add(at, _INDEX(n))]))
                    for n in range(3)
                )
                weights = v.at(w, builder.mul(weight, _INDEX(rows)))
                lines = v.at(x, start)

                def add(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                    line = v.at(lines, builder.mul(i, step))
                    columns = [v.load(v.at(line, n * v.lanes)) for n in range(v.line)]
                    row = v.at(weights, builder.mul(i, _INDEX(rows)))
                    scalars = [v.splat(builder.load(v.at(row, k))) for k in range(rows)]
                    return [
                        v.multiply_add(scalars[k], columns[n], sums[k * v.line + n])
                        for k in range(rows)
                        for n in range(v.line)
                    ]

                return loop(builder, length, sums, add)

            sums = loop(builder, count, [v.zero()] * (rows * v.line), segment)
            if rectifies:
                bias, slope = build.unpack_tuple(builder, after)
                sums = [
                    rectify(v, value, builder.load(v.at(v.pointer(bias), n // v.line)), slope)
                    for n, value in enumerate(sums)
                ]
            places = [
                v.at(v.at(out, builder.mul(stride, _INDEX(k))), n * v.lanes)
                for k in range(rows)
                for n in range(v.line)
            ]
            _store(v, sums, places, beta, stream)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def rectify(v: Vectors, value: ir.Value, bias: ir.Value, slope: ir.Value) -> ir.Value:
    """``value + bias``, times the slope where that is below zero; nan stays nan."""
    total = v.builder.fadd(value, v.splat(bias))
    below = v.builder.fadd(v.builder.fmul(total, v.splat(slope)), v.zero())  # no zeros below zero
    return v.builder.select(v.builder.fcmp_ordered("<", total, v.zero()), below, total)


def _store(
    v: Vectors, values: list[ir.Value], places: list[ir.Value], beta: ir.Value, stream: ir.Value
) -> None:
    """Overwrite the places, or with ``beta`` not 0 blend into them."""
    builder = v.builder
    blending = builder.fcmp_unordered("!=", beta, v.element(0.0))
    with builder.if_else(blending) as (blend, overwrite):
        with blend:
            factor = v.splat(beta)
            for value, place in zip(values, places, strict=True):
                v.store(v.multiply_add(factor, v.load(place), value), place)
        with overwrite:
            streaming = builder.icmp_signed("!=", stream, _INDEX(0))
            with builder.if_else(streaming) as (past, into):
                with past:
                    for value, place in zip(values, places, strict=True):
                        v.store(value, place, stream=True)
                with into:
                    for value, place in zip(values, places, strict=True):
                        v.store(value, place)


def dot_tile(rows: int, columns: int) -> Any:
    """An intrinsic for ``rows`` x ``columns`` scalar products over a long contiguous axis.

    ``tile(x, offsets, y, stride, count, out, like)``: x row m at ``x`` + ``offsets[m]`` (int64),
    y row k at ``y`` + k ``stride``, both of ``count`` whole lines; adds to the (rows, columns)
    matrix at ``out``.
    """

    @intrinsic
    def tile(typingctx, x, offsets, y, stride, count, out, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        address = types.intp
        signature = types.void(address, address, address, address, address, address, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            x, offsets, y, stride, count, out, _ = args
            v = Vectors(builder, signature.args[-1])
            x, y, out = (v.pointer(address) for address in (x, y, out))
            offsets = builder.inttoptr(offsets, _INDEX.as_pointer())
            xs = [v.at(x, builder.load(builder.gep(offsets, [_INDEX(m)]))) for m in range(rows)]
            ys = [v.at(y, builder.mul(stride, _INDEX(k))) for k in range(columns)]

            def step(j: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                at = builder.mul(j, _INDEX(v.lanes))
                left = [v.load(v.at(row, at)) for row in xs]
                results = list(sums)
                for k, row in enumerate(ys):  # one at a time: with 16 registers the rest spill
                    right = v.load(v.at(row, at))
                    for n in range(k, rows * columns, columns):
                        results[n] = v.multiply_add(left[n // columns], right, sums[n])
                return results

            steps = builder.mul(count, _INDEX(v.line))
            sums = loop(builder, steps, [v.zero()] * (rows * columns), step)
            _accumulate(v, v.sums(sums), out, rows * columns)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def outer_tile(rows: int) -> Any:
    """An intrinsic for ``rows`` rows of scalars times one line of columns, in ``count`` squares.

    ``tile(x, x_step, y, y_step, count, out, like)``: square i has rows of one line each from ``x``
    + i ``x_step`` on; element j of row k is a factor of line j from ``y`` + i ``y_step`` on; adds
    to the (rows, line) matrix at ``out``.
    """

    @intrinsic
    def tile(typingctx, x, x_step, y, y_step, count, out, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(*[types.intp] * 6, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            x, x_step, y, y_step, count, out, _ = args
            v = Vectors(builder, signature.args[-1])
            x, y, out = (v.pointer(address) for address in (x, y, out))
            size = v.line * v.lanes

            def square(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                left, right = v.at(x, builder.mul(i, x_step)), v.at(y, builder.mul(i, y_step))

                def add(j: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
                    line, column = v.at(right, builder.mul(j, _INDEX(size))), v.at(left, j)
                    columns = [v.load(v.at(line, n * v.lanes)) for n in range(v.line)]
                    scalars = [v.splat(builder.load(v.at(column, k * size))) for k in range(rows)]
                    return [
                        v.multiply_add(scalars[k], columns[n], sums[k * v.line + n])
                        for k in range(rows)
                        for n in range(v.line)
                    ]

                return loop(builder, _INDEX(size), sums, add)

            sums = loop(builder, count, [v.zero()] * (rows * v.line), square)
            _accumulate(v, sums, out, rows * size)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _accumulate(v: Vectors, values: list[ir.Value], out: ir.Value, count: int) -> None:
    """Add the first ``count`` lanes of ``values`` to the elements at ``out``."""
    for n, value in enumerate(values):
        lanes = min(v.lanes, count - n * v.lanes)
        part = value if lanes == v.lanes else v.shuffle(value, value, range(lanes))
        place = v.at(out, n * v.lanes)
        v.store(v.builder.fadd(part, v.load(place, part.type)), place)


def _copy_line(typingctx, source, target):  # type: ignore[no-untyped-def]  # Numba's protocol
    """``copy_line(source, target)``: copy 64 bytes from one address to another."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        line = ir.VectorType(ir.IntType(32), LINE_BYTES // 4).as_pointer()
        value = builder.load(builder.inttoptr(args[0], line), align=4)
        builder.store(value, builder.inttoptr(args[1], line), align=4)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), codegen


copy_line: Any = intrinsic(_copy_line)


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
