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
"""

from __future__ import annotations

from collections.abc import Callable
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


class _Columns(Vectors):
    """Adds what pooling needs: single columns, vectors of integers, choices."""

    def __init__(self, builder: ir.IRBuilder, scalar: types.Type, *, single: bool) -> None:
        super().__init__(builder, scalar)
        self.lanes = 1 if single else self.lanes
        self.type = ir.VectorType(self.element, self.lanes)

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
                value = v.load(v.at(inputs, builder.load(builder.gep(offsets, [j]))))
                larger = builder.and_(
                    builder.fcmp_unordered(">", value, largest),
                    builder.fcmp_ordered("ord", largest, largest),
                )
                here = v.splat_integer(v.resize(j, _COUNT))
                return [
                    builder.select(larger, value, largest),
                    builder.select(larger, here, where),
                ]

            first = v.load(v.at(inputs, builder.load(offsets)))
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
                value = v.load(v.at(inputs, builder.load(builder.gep(offsets, [j]))))
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


# Any: callers leave out the typing context
window_max: Any = intrinsic(_window_max)
window_sum: Any = intrinsic(_window_sum)
spread_max: Any = intrinsic(_spread_max)
spread_mean: Any = intrinsic(_spread_mean)
