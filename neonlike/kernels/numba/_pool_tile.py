"""Innermost loops of pooling: one window, vectors over the batch.

Arrays are contiguous, of any rank; places and offsets count their elements. ``columns`` is the
batch size; columns that do not fill a vector are done one by one.

    window_max(x, start, offsets, count, out, argmax, place, columns, beta)
        out[place] = the largest of the ``count`` inputs x[start + offsets[j]] (+ beta * out[place])
        argmax[place] = the first j of the largest; nan is larger than any number
    window_sum(x, start, offsets, count, out, place, columns, l2, beta)
        out[place] = the mean of the inputs, or with ``l2`` the root of the sum of their squares
    spread_max(err, argmax, source, first, width, out, place, columns)
        out[place + j * columns] += err[source] where argmax[source] == first + j  (j < width)
    spread_mean(err, source, count, width, out, place, columns)
        out[place + j * columns] += err[source] / count  (j < width)

For windows of one width and stride, none clipped, ``collector(width, stride, rows)`` makes what
writes a line of inputs once, from all that ``rows`` lines of windows give:

    collect(err, argmax, sources, firsts, out, place, windows, columns, stream)
        out[place + w * columns] = the sum over the lines i and the windows q that w belongs to of
            err[sources[i] + q * columns] where argmax[...] == firsts[i] + w - q * stride
        for all inputs w up to the end of the last window; with ``stream`` past the caches, which
        needs aligned vectors
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels.numba._vector import Vectors, loop

cgutils: Any = _cgutils  # carries no type information
_INDEX = ir.IntType(64)
_COUNT = ir.IntType(32)
_USUAL_WIDTHS = 2, 3
_TOGETHER = 1024  # errors of a line at a time: longer lines would leave the first cache
_AHEAD = 4096  # bytes: what inputs from memory take to arrive
_Window = tuple[ir.Value, ir.Value]  # its error, and which of its inputs was the largest


class _Columns(Vectors):
    """Adds what pooling needs: single columns, vectors of integers, choices."""

    def __init__(self, builder: ir.IRBuilder, scalar: types.Type, *, single: bool) -> None:
        super().__init__(builder, scalar)
        self.lanes = 1 if single else self.lanes
        self.type = ir.VectorType(self.element, self.lanes)

    def load_ahead(self, pointer: ir.Value) -> ir.Value:
        """Load, and bring nearer what comes ``_AHEAD`` bytes later."""
        self.prefetch(self.at(pointer, _AHEAD // self.bytes))
        return self.load(pointer)

    def splat_integer(self, scalar: ir.Value) -> ir.Value:
        undefined = ir.Constant(ir.VectorType(scalar.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, _INDEX(0))
        return self.shuffle(first, undefined, [0] * self.lanes)

    def integer_place(self, data: ir.Value, at: ir.Value, element: ir.IntType) -> ir.Value:
        kind = ir.VectorType(element, self.lanes)
        return self.builder.bitcast(self.at(data, at), kind.as_pointer())

    def resize(self, value: ir.Value, element: ir.IntType) -> ir.Value:
        """Cut or zero-extend integers, scalar or vector, to ``element``."""
        vector = isinstance(value.type, ir.VectorType)
        width = (value.type.element if vector else value.type).width
        kind = ir.VectorType(element, self.lanes) if vector else element
        if width == element.width:
            return value
        return (self.builder.trunc if width > element.width else self.builder.zext)(value, kind)

    def blend(self, value: ir.Value, place: ir.Value, beta: ir.Value) -> None:
        """``*place = value + beta * *place``; what is there is not used when ``beta`` is 0."""
        blending = self.builder.fcmp_unordered("!=", beta, self.element(0.0))
        with self.builder.if_else(blending) as (blend, overwrite):
            with blend:
                self.store(self.multiply_add(self.splat(beta), self.load(place), value), place)
            with overwrite:
                self.store(value, place)


def _over_columns(
    builder: ir.IRBuilder,
    scalar: types.Type,
    columns: ir.Value,
    body: Callable[[_Columns, ir.Value], None],
) -> None:
    """Call ``body(vectors, first column)`` for whole vectors, then for single columns."""
    done = _INDEX(0)
    for single in (False, True):
        v = _Columns(builder, scalar, single=single)
        lanes = _INDEX(v.lanes)
        count = builder.sdiv(builder.sub(columns, done), lanes)

        def step(
            i: ir.Value,
            _: list[ir.Value],
            v: _Columns = v,
            lanes: ir.Value = lanes,
            done: ir.Value = done,
        ) -> list[ir.Value]:
            body(v, builder.add(done, builder.mul(i, lanes)))
            return []

        loop(builder, count, [], step)
        done = builder.mul(count, lanes)


def _data(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> list[ir.Value]:
    """The arguments, arrays among them as pointers to their data."""
    return [
        context.make_array(kind)(context, builder, value).data
        if isinstance(kind, types.Array)
        else value
        for kind, value in zip(signature.args, args, strict=True)
    ]


def _window_max(  # type: ignore[no-untyped-def]  # Numba's protocol
    typingctx, x, start, offsets, count, out, argmax, place, columns, beta
):
    """Numba typing and lowering of ``window_max``."""
    index = types.intp
    signature = types.void(x, index, offsets, index, out, argmax, index, index, x.dtype)
    number = ir.IntType(argmax.dtype.bitwidth)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        x_, start, offsets, count, out, argmax, place, columns, beta = _data(
            context, builder, signature, args
        )

        def column(v: _Columns, n: ir.Value) -> None:
            inputs = v.at(v.at(x_, start), n)

            def step(j: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
                largest, where = carried
                j = builder.add(j, _INDEX(1))
                value = v.load_ahead(v.at(inputs, builder.load(builder.gep(offsets, [j]))))
                larger = builder.and_(
                    builder.fcmp_unordered(">", value, largest),
                    builder.fcmp_ordered("ord", largest, largest),
                )
                here = v.splat_integer(v.resize(j, _COUNT))
                return [
                    builder.select(larger, value, largest),
                    builder.select(larger, here, where),
                ]

            first = v.load_ahead(v.at(inputs, builder.load(offsets)))
            zero = ir.Constant(ir.VectorType(_COUNT, v.lanes), None)
            others = builder.sub(count, _INDEX(1))
            largest, where = loop(builder, others, [first, zero], step)
            at = builder.add(place, n)
            v.blend(largest, v.at(out, at), beta)
            target = v.integer_place(argmax, at, number)
            builder.store(v.resize(where, number), target, align=number.width // 8)

        _over_columns(builder, signature.args[0].dtype, columns, column)
        return context.get_dummy_value()

    return signature, codegen


def _window_sum(  # type: ignore[no-untyped-def]  # Numba's protocol
    typingctx, x, start, offsets, count, out, place, columns, l2, beta
):
    """Numba typing and lowering of ``window_sum``."""
    index = types.intp
    signature = types.void(x, index, offsets, index, out, index, index, types.boolean, x.dtype)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        x_, start, offsets, count, out, place, columns, l2, beta = _data(
            context, builder, signature, args
        )

        def column(v: _Columns, n: ir.Value) -> None:
            inputs = v.at(v.at(x_, start), n)

            def step(j: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
                value = v.load_ahead(v.at(inputs, builder.load(builder.gep(offsets, [j]))))
                term = builder.select(l2, builder.fmul(value, value), value)
                return [builder.fadd(carried[0], term)]

            (total,) = loop(builder, count, [v.zero()], step)
            mean = builder.fdiv(total, v.splat(builder.sitofp(count, v.element)))
            root = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(v.type, [v.type]),
                f"llvm.sqrt.v{v.lanes}f{8 * v.bytes}",
            )
            result = builder.select(l2, builder.call(root, [total]), mean)
            v.blend(result, v.at(out, builder.add(place, n)), beta)

        _over_columns(builder, signature.args[0].dtype, columns, column)
        return context.get_dummy_value()

    return signature, codegen


def _spread_max(  # type: ignore[no-untyped-def]  # Numba's protocol
    typingctx, err, argmax, source, first, width, out, place, columns
):
    """Numba typing and lowering of ``spread_max``."""
    index = types.intp
    signature = types.void(err, argmax, index, index, index, out, index, index)
    number = ir.IntType(argmax.dtype.bitwidth)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        err, argmax, source, first, width, out, place, columns = _data(
            context, builder, signature, args
        )

        def column(v: _Columns, n: ir.Value) -> None:
            at = builder.add(source, n)
            error = v.load(v.at(err, at))
            where = builder.load(v.integer_place(argmax, at, number), align=number.width // 8)

            def share(j: ir.Value) -> ir.Value:
                here = v.splat_integer(v.resize(builder.add(first, j), number))
                return builder.select(builder.icmp_signed("==", where, here), error, v.zero())

            _add(v, share, v.at(out, builder.add(place, n)), width, columns)

        _over_columns(builder, signature.args[0].dtype, columns, column)
        return context.get_dummy_value()

    return signature, codegen


def _spread_mean(  # type: ignore[no-untyped-def]  # Numba's protocol
    typingctx, err, source, count, width, out, place, columns
):
    """Numba typing and lowering of ``spread_mean``."""
    index = types.intp
    signature = types.void(err, index, index, index, out, index, index)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        err, source, count, width, out, place, columns = _data(context, builder, signature, args)

        def column(v: _Columns, n: ir.Value) -> None:
            error = v.load(v.at(err, builder.add(source, n)))
            share = builder.fdiv(error, v.splat(builder.sitofp(count, v.element)))
            _add(v, lambda j: share, v.at(out, builder.add(place, n)), width, columns)

        _over_columns(builder, signature.args[0].dtype, columns, column)
        return context.get_dummy_value()

    return signature, codegen


def _add(
    v: _Columns,
    share: Callable[[ir.Value], ir.Value],
    out: ir.Value,
    width: ir.Value,
    columns: ir.Value,
) -> None:
    """Add ``share(j)`` to the inputs j of one line of a window; the usual widths without a loop."""

    def step(j: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        target = v.at(out, v.builder.mul(j, columns))
        v.store(v.builder.fadd(v.load(target), share(j)), target)
        return []

    after = v.builder.append_basic_block("added")
    for usual in _USUAL_WIDTHS:
        with v.builder.if_then(v.builder.icmp_signed("==", width, _INDEX(usual))):
            for j in range(usual):
                step(_INDEX(j), [])
            v.builder.branch(after)
    loop(v.builder, width, [], step)
    v.builder.branch(after)
    v.builder.position_at_end(after)


def collector(width: int, stride: int, rows: int) -> Any:
    """An intrinsic for windows of ``width`` inputs, ``stride`` apart; see the module header."""

    @intrinsic
    def collect(typingctx, err, argmax, sources, firsts, out, place, windows, columns, stream):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(err, argmax, sources, firsts, out, *[types.intp] * 3, types.boolean)
        number = ir.IntType(argmax.dtype.bitwidth)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            err, argmax, sources, firsts, out, place, windows, columns, stream = _data(
                context, builder, signature, args
            )
            starts, codes = (
                [builder.load(builder.gep(array, [_INDEX(i)])) for i in range(rows)]
                for array in (sources, firsts)
            )

            together = builder.add(builder.sdiv(_INDEX(_TOGETHER), columns), _INDEX(1))

            def block(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
                begin = builder.mul(i, together)
                rest = builder.sub(windows, begin)
                is_last = builder.icmp_signed("<=", rest, together)
                count = builder.select(is_last, rest, together)

                def column(v: _Columns, n: ir.Value) -> None:
                    lines = []
                    for start, code in zip(starts, codes, strict=True):
                        at = builder.add(start, n)
                        first = v.resize(code, number)
                        lines.append(_Line(v, v.at(err, at), v.at(argmax, at), first, width))
                    target = v.at(out, builder.add(place, n))
                    part = begin, count, is_last
                    _collect_column(v, lines, target, part, columns, stride, stream)

                _over_columns(builder, signature.args[0].dtype, columns, column)
                return []

            others = builder.sdiv(builder.sub(windows, _INDEX(1)), together)
            loop(builder, builder.add(others, _INDEX(1)), [], block)
            return context.get_dummy_value()

        return signature, codegen

    return collect


class _Line:
    """A line of windows: their errors, and which of their inputs was the largest."""

    def __init__(
        self, v: _Columns, err: ir.Value, argmax: ir.Value, first: ir.Value, width: int
    ) -> None:
        self.v, self.err, self.argmax, self.number = v, err, argmax, first.type
        numbers = [v.builder.add(first, first.type(j)) for j in range(width)]
        self.codes = [v.splat_integer(number) for number in numbers]

    def window(self, at: ir.Value) -> _Window:
        """The error of the window at this offset, and its input."""
        place = self.v.integer_place(self.argmax, at, self.number)
        where = self.v.builder.load(place, align=self.number.width // 8)
        return self.v.load(self.v.at(self.err, at)), where

    def before(self, begin: ir.Value, k: int, columns: ir.Value) -> _Window:
        """Window ``begin - k``; if there is none, its error is 0."""
        b = self.v.builder
        at = b.sub(begin, _INDEX(k))
        exists = b.icmp_signed(">=", at, _INDEX(0))
        error, where = self.window(b.mul(b.select(exists, at, _INDEX(0)), columns))
        return b.select(exists, error, self.v.zero()), where

    def share(self, window: _Window, j: int) -> ir.Value:
        """What input j of a window gets."""
        error, where = window
        here = self.v.builder.icmp_signed("==", where, self.codes[j])
        return self.v.builder.select(here, error, self.v.zero())


def _collect_column(
    v: _Columns,
    lines: list[_Line],
    out: ir.Value,
    block: tuple[ir.Value, ir.Value, ir.Value],
    columns: ir.Value,
    stride: int,
    stream: ir.Value,
) -> None:
    """Write one column of the inputs of a block of windows, the last ones kept in registers.

    The block is the number of its first window, how many there are, and whether it is the last.
    """
    begin, count, is_last = block
    width, b = len(lines[0].codes), v.builder
    kept = -(-width // stride) - 1  # windows before one that share inputs with it

    def put(q: ir.Value, r: int, found: Sequence[Sequence[_Window | None]]) -> None:
        """Store input r of window q, from the windows q, q - 1, ... of each line."""
        total = v.zero()
        for line, near in zip(lines, found, strict=True):
            for k, window in enumerate(near):
                if window and r + k * stride < width:
                    total = b.fadd(total, line.share(window, r + k * stride))
        at = b.add(b.mul(q, _INDEX(stride)), _INDEX(r))
        target = v.at(out, b.mul(at, columns))
        with b.if_else(b.and_(stream, stream.type(int(v.lanes > 1)))) as (past, into):
            with past:
                v.store(total, target, stream=v.lanes > 1)
            with into:
                v.store(total, target)

    def step(i: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
        q = b.add(begin, i)
        at = b.mul(q, columns)
        before = zip(lines, grouped(carried), strict=True)
        found = [[line.window(at), *near] for line, near in before]
        for r in range(stride):
            put(q, r, found)
        return [value for near in found for window in near[:kept] for value in window]

    def grouped(carried: list[ir.Value]) -> list[list[_Window]]:
        pairs = list(zip(carried[::2], carried[1::2], strict=True))
        return [pairs[i * kept : (i + 1) * kept] for i in range(len(lines))]

    first = [line.before(begin, k + 1, columns) for line in lines for k in range(kept)]
    last = grouped(loop(b, count, [value for window in first for value in window], step))
    with b.if_then(is_last):
        for r in range(max(0, width - stride)):
            put(b.add(begin, count), r, [[None, *near] for near in last])


# Any: callers leave out the typing context
window_max: Any = intrinsic(_window_max)
window_sum: Any = intrinsic(_window_sum)
spread_max: Any = intrinsic(_spread_max)
spread_mean: Any = intrinsic(_spread_mean)
