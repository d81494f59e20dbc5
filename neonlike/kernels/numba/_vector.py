"""Vector micro-kernels as LLVM IR: the one place that knows the width of a vector.

The compiler does not turn loops over many accumulators into good code, so the innermost tiles
are written out here: each ``*_tile`` function makes a Numba intrinsic whose body is built from
``<LANES x float>`` values. A kernel module binds the intrinsics it needs to module globals (Numba
never finds a kernel in its cache again that closes over one).

Tiles take addresses, so that nothing is known about arrays here; offsets and strides count
elements. The type of the scalar argument ``like`` is the element type. Columns are handled in
*lines* of 64 bytes (16 float32 or 8 float64), whatever the vectors of the host are.

    broadcast_tile(K)   out[k, 0:line] = sum_i w[i, k] * x[i, 0:line]             (k < K)
    dot_tile(M, K)      out[m, k]     += sum_j x[offset[m] + j] * y[k, j]         (m < M, k < K)

The sum of ``broadcast_tile`` runs over segments, each a range of weights and inputs at constant
strides, so that the same code serves matrix products, filter windows and ring buffers.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LINE_BYTES = 64
_INDEX = ir.IntType(64)


def _host() -> tuple[int, int]:
    """Float32 lanes and number of vector registers of this machine."""
    features = llvmlite.binding.get_host_cpu_features()
    many = features.get("avx512vl", False) or platform.machine().lower() in ("arm64", "aarch64")
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    wanted = os.environ.get("NEONLIKE_VECTOR_LANES", str(lanes))
    if wanted not in ("4", "8", "16"):
        raise ValueError(f"NEONLIKE_VECTOR_LANES must be 4, 8 or 16, got {wanted!r}")
    return int(wanted), 32 if many else 16


LANES, _REGISTERS = _host()
_ACCUMULATORS = 24 if _REGISTERS == 32 else 12  # leaves room for operands
_LINE_VECTORS = LINE_BYTES // (4 * LANES)

# Rows of the broadcast tiles and sides of the dot tile that fill the registers.
WIDE = min(16, _ACCUMULATORS // _LINE_VECTORS)
HALF, QUARTER = (WIDE + 1) // 2, (WIDE + 3) // 4
DOT_ROWS, DOT_COLUMNS = _ACCUMULATORS // 4, 4


class Vectors:
    """Builds the IR of vector arithmetic for one element type."""

    def __init__(self, builder: ir.IRBuilder, scalar: types.Type) -> None:
        self.builder = builder
        self.element = ir.FloatType() if scalar == types.float32 else ir.DoubleType()
        self.bytes = 4 if scalar == types.float32 else 8
        self.lanes = LANES * 4 // self.bytes
        self.type = ir.VectorType(self.element, self.lanes)

    @property
    def line(self) -> int:
        """Number of vectors in a line."""
        return LINE_BYTES // (self.bytes * self.lanes)

    def pointer(self, address: ir.Value) -> ir.Value:
        return self.builder.inttoptr(address, self.element.as_pointer())

    def at(self, pointer: ir.Value, offset: ir.Value | int) -> ir.Value:
        """The address ``offset`` elements after ``pointer``."""
        offset = _INDEX(offset) if isinstance(offset, int) else offset
        return self.builder.gep(pointer, [offset])

    def load(self, pointer: ir.Value, kind: ir.Type | None = None) -> ir.Value:
        place = self.builder.bitcast(pointer, (kind or self.type).as_pointer())
        return self.builder.load(place, align=self.bytes)

    def store(self, value: ir.Value, pointer: ir.Value, *, stream: bool = False) -> None:
        """Store; with ``stream`` past the caches, to a pointer of full vector alignment."""
        place = self.builder.bitcast(pointer, value.type.as_pointer())
        store = self.builder.store(value, place, align=self.bytes)
        if stream:
            store.align = self.bytes * self.lanes
            store.set_metadata("nontemporal", self.builder.module.add_metadata([ir.IntType(32)(1)]))

    def splat(self, scalar: ir.Value) -> ir.Value:
        undefined = ir.Constant(self.type, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, _INDEX(0))
        return self.shuffle(first, undefined, [0] * self.lanes)

    def zero(self) -> ir.Value:
        return ir.Constant(self.type, None)

    def constant(self, number: float) -> ir.Value:
        """``number`` in all lanes."""
        return splat_constant(self.type, number)

    @property
    def integers(self) -> ir.VectorType:
        """The type of vectors of integers of the same size."""
        return ir.VectorType(ir.IntType(8 * self.bytes), self.lanes)

    def shuffle(self, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.builder.shuffle_vector(a, b, mask)

    def multiply_add(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """``a * b + c``, fused where the machine can."""
        kind = ir.FunctionType(self.type, [self.type] * 3)
        name = f"llvm.fmuladd.v{self.lanes}f{8 * self.bytes}"
        insert: Any = cgutils.get_or_insert_function
        return self.builder.call(insert(self.builder.module, kind, name), [a, b, c])

    def sums(self, vectors: Sequence[ir.Value]) -> list[ir.Value]:
        """The sums over each vector's lanes, one per lane and in order, in few vectors."""
        even = list(range(0, 2 * self.lanes, 2))
        odd = [lane + 1 for lane in even]
        count = self.lanes
        while count > 1:  # add neighbours; each pass merges two vectors into one
            vectors = [*vectors, self.zero()][: len(vectors) + len(vectors) % 2]
            vectors = [
                self.builder.fadd(self.shuffle(a, b, even), self.shuffle(a, b, odd))
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
            count //= 2
        return list(vectors)


def splat_constant(kind: ir.VectorType, number: float) -> ir.Constant:
    """The vector with ``number`` in all lanes."""
    return _splat(kind, kind.element(number).get_reference())


@functools.cache
def _splat(kind: ir.VectorType, text: str) -> ir.Constant:
    """A splat constant made of text, which saves formatting each lane."""
    lanes = ", ".join([f"{kind.element} {text}"] * kind.count)
    constant = ir.FormattedConstant(kind.element, f"<{lanes}>")
    constant.type = kind  # given at once, the text would be taken for that of an element
    return constant


def loop(
    builder: ir.IRBuilder,
    count: ir.Value,
    carried: Sequence[ir.Value],
    body: Callable[[ir.Value, list[ir.Value]], Sequence[ir.Value]],
) -> list[ir.Value]:
    """Run ``carried = body(i, carried)`` for i in 0..count-1; return the last ``carried``."""
    before = builder.block
    head, inside, after = (builder.append_basic_block(n) for n in ("head", "body", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    i = builder.phi(_INDEX)
    values = [builder.phi(value.type) for value in carried]
    builder.cbranch(builder.icmp_signed("<", i, count), inside, after)
    builder.position_at_end(inside)
    results = body(i, values)
    following = builder.add(i, _INDEX(1))
    end = builder.block
    builder.branch(head)
    for phi, first, result in zip(
        [i, *values], [_INDEX(0), *carried], [following, *results], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(result, end)
    builder.position_at_end(after)
    return values


def broadcast_tile(rows: int) -> Any:
    """An intrinsic for ``rows`` rows of weights times one line of columns.

    ``tile(w, x, step, segments, count, out, stride, beta, stream, like)``: the ``count`` segments
    are int64 triples (weight, input, length): they multiply the rows of ``w`` (any, rows) from
    ``weight`` on with the lines from ``x + input`` on, ``step`` elements apart. Result row k goes
    to ``out`` + k ``stride``. With ``beta`` not 0 it is ``beta * out + ...``; ``stream`` not 0
    stores past the caches, which needs aligned full lines.
    """

    @intrinsic
    def tile(typingctx, w, x, step, segments, count, out, stride, beta, stream, like):  # type: ignore[no-untyped-def]  # Numba's protocol
        addresses = [types.intp] * 7
        signature = types.void(*addresses, like, types.intp, like)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            w, x, step, segments, count, out, stride, beta, stream, _ = args
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
            places = [
                v.at(v.at(out, builder.mul(stride, _INDEX(k))), n * v.lanes)
                for k in range(rows)
                for n in range(v.line)
            ]
            _store(v, sums, places, beta, stream)
            return context.get_dummy_value()

        return signature, codegen

    return tile


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
