"""Passes over panels as vector IR, for the recurrent sweeps: element-wise, copies, products.

A panel is a flat scratch array of whole lines (64 bytes), so these loops have no remainders, no
alias checks and next to no compile time. ``elementwise`` makes a Numba intrinsic from a formula on
``Lanes``:

    update = elementwise("multiply", lambda x, y: [x * y], reads=2)
    update(panel, (x, y, out), (), size)             # operands are offsets into the panel
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels.numba._ir import outlined
from neonlike.kernels.numba._vector import LINE_BYTES, Vectors, loop
from neonlike.kernels.numba._vector_math import Lanes

cgutils: Any = _cgutils  # carries no type information
_INDEX = ir.IntType(64)
_COPIED_AHEAD = 256  # elements
Formula = Callable[..., Sequence[Lanes]]


def elementwise(name: str, formula: Formula, reads: int) -> Any:
    """An intrinsic ``op(panel, offsets, numbers, size)`` for ``formula``.

    The formula gets the vectors at the first ``reads`` offsets, then ``numbers`` (a tuple of
    floats) splat; its results go to the last offsets. ``size`` counts elements, whole lines.
    ``name`` is unique among all of them.
    """

    @intrinsic
    def op(typingctx, panel, offsets, numbers, size):  # type: ignore[no-untyped-def]  # Numba's protocol
        signature = types.void(panel, offsets, numbers, types.intp)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            scalar, number_types = signature.args[0].dtype, signature.args[2]
            v = Vectors(builder, scalar)
            base = context.make_array(signature.args[0])(context, builder, args[0]).data
            places = [v.at(base, offset) for offset in cgutils.unpack_tuple(builder, args[1])]
            numbers = cgutils.unpack_tuple(builder, args[2])
            constants = [
                context.cast(builder, number, kind, scalar)
                for kind, number in zip(number_types, numbers, strict=True)
            ]
            vectors = builder.sdiv(args[3], _INDEX(v.lanes))

            def emit(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                count, inner = arguments[0], arguments[1:]
                spots, constants = inner[: len(places)], inner[len(places) :]
                _emit_passes(Vectors(builder, scalar), formula, reads, count, spots, constants)

            outlined(builder, f"{name}{v.bytes}", [vectors, *places, *constants], emit)
            return context.get_dummy_value()

        return signature, codegen

    return op


def _emit_passes(
    v: Vectors,
    formula: Formula,
    reads: int,
    count: ir.Value,
    places: Sequence[ir.Value],
    constants: Sequence[ir.Value],
) -> None:
    """The loop of an element-wise pass."""
    numbers = [Lanes(v, v.splat(constant)) for constant in constants]

    def step(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        at = v.builder.mul(i, _INDEX(v.lanes))
        inputs = [Lanes(v, v.load(v.at(place, at))) for place in places[:reads]]
        results = list(formula(*inputs, *numbers))
        for result, place in zip(results, places[-len(results) :], strict=True):
            v.store(result.value, v.at(place, at))
        return []

    loop(v.builder, count, [], step)


def transfer(name: str, *, out: bool = False, biased: bool = False, blend: bool = False) -> Any:
    """An intrinsic that copies rows between an array and a panel.

    ``op(x, row, column, panel, start, pitch, rows, width, more)``: ``rows`` rows of ``width``
    elements, from ``x[row, column]`` on, and ``panel[start]`` on with ``pitch`` from row to row.
    ``x`` is C-contiguous.

    Args:
        name: unique among all intrinsics here.
        out: from the panel to the array.
        biased: ``more`` is ``(bias,)``, an array (all rows, 1) that is added.
        blend: ``more`` is ``(factor,)``, and ``factor`` times the old target is added.
    """

    @intrinsic
    def copy(typingctx, x, row, column, panel, start, pitch, rows, width, more):  # type: ignore[no-untyped-def]  # Numba's protocol
        index = types.intp
        signature = types.void(x, index, index, panel, index, index, index, index, more)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            _, row, column, _, start, pitch, rows, width, more = args
            x, panel = (
                context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 3)
            )
            scalar = signature.args[3].dtype
            v = Vectors(builder, scalar)
            stride = cgutils.unpack_tuple(builder, x.shape)[1]
            outside = v.at(x.data, builder.add(builder.mul(row, stride), column))
            inside = v.at(panel.data, start)
            ends = [inside, pitch, outside, stride] if out else [outside, stride, inside, pitch]
            extra = cgutils.unpack_tuple(builder, more)
            if biased:
                bias = context.make_array(signature.args[8][0])(context, builder, extra[0])
                extra = [v.at(bias.data, row)]
            elif blend:
                extra = [context.cast(builder, extra[0], signature.args[8][0], scalar)]

            def emit(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                _emit_copy(Vectors(builder, scalar), arguments, biased, blend)

            outlined(builder, f"{name}{v.bytes}", [rows, width, *ends, *extra], emit)
            return context.get_dummy_value()

        return signature, codegen

    return copy


def _emit_copy(v: Vectors, arguments: Sequence[ir.Value], biased: bool, blend: bool) -> None:
    """Copy rows in vectors as wide as they allow, the last one overlapping its neighbour.

    The choice stands outside the loops: inside, the compiler would make a copy of the loops for
    each outcome. When blending, the overlap must not be added twice: the target is read before.
    """
    lanes, builder, width = v.lanes, v.builder, arguments[1]
    after = builder.append_basic_block("copied")
    while lanes:
        fits = builder.icmp_signed(">=", width, _INDEX(lanes))
        with builder.if_then(fits):
            _emit_rows(v, lanes, arguments, biased, blend)
            builder.branch(after)
        lanes //= 2
    builder.branch(after)
    builder.position_at_end(after)


def _emit_rows(
    v: Vectors, lanes: int, arguments: Sequence[ir.Value], biased: bool, blend: bool
) -> None:
    """``_emit_copy`` with vectors of ``lanes``."""
    rows, width, source, source_stride, target, target_stride, *extra = arguments
    builder = v.builder
    kind = ir.VectorType(v.element, lanes)
    whole = builder.sdiv(width, _INDEX(lanes))
    rest = builder.icmp_signed("!=", builder.srem(width, _INDEX(lanes)), _INDEX(0))
    final = builder.sub(width, _INDEX(lanes))
    ahead = builder.add(builder.sdiv(_INDEX(_COPIED_AHEAD), width), _INDEX(1))

    def one_row(r: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        line, place = (
            v.at(base, builder.mul(r, stride))
            for base, stride in ((source, source_stride), (target, target_stride))
        )
        coming = v.at(line, builder.mul(source_stride, ahead))  # the row to be copied soon
        addend = v.splat(builder.load(v.at(extra[0], r))) if biased else None

        def value_at(at: ir.Value) -> ir.Value:
            value = v.load(v.at(line, at), kind)
            if addend is not None:
                value = builder.fadd(value, v.shuffle(addend, addend, range(lanes)))
            if blend:
                factor = v.splat(extra[0])
                old = builder.fmul(
                    v.shuffle(factor, factor, range(lanes)), v.load(v.at(place, at), kind)
                )
                value = builder.fadd(value, old)
            return value

        # what the last vector shares with its neighbour is read before the neighbour is written
        last = value_at(final)

        def move(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
            at = builder.mul(i, _INDEX(lanes))
            v.prefetch(v.at(coming, at))
            v.store(value_at(at), v.at(place, at))
            return []

        loop(builder, whole, [], move)
        with builder.if_then(rest):
            v.store(last, v.at(place, final))
        return []

    loop(builder, rows, [], one_row)


def fill_rows(name: str) -> Any:
    """An intrinsic that fills panel rows with one number each.

    ``op(bias, row, panel, start, pitch, rows)``: row r of the panel is ``bias[row + r, 0]``.
    """

    @intrinsic
    def op(typingctx, bias, row, panel, start, pitch, rows):  # type: ignore[no-untyped-def]  # Numba's protocol
        index = types.intp
        signature = types.void(bias, index, panel, index, index, index)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            bias, panel = (
                context.make_array(signature.args[i])(context, builder, args[i]).data
                for i in (0, 2)
            )
            scalar = signature.args[2].dtype
            v = Vectors(builder, scalar)
            arguments = [v.at(bias, args[1]), v.at(panel, args[3]), args[4], args[5]]

            def emit(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                v = Vectors(builder, scalar)
                _emit_fill(v, min(v.lanes, LINE_BYTES // v.bytes // 2), *arguments)

            outlined(builder, f"{name}{v.bytes}", arguments, emit)
            return context.get_dummy_value()

        return signature, codegen

    return op


def _emit_fill(
    v: Vectors, lanes: int, bias: ir.Value, panel: ir.Value, pitch: ir.Value, rows: ir.Value
) -> None:
    """Fill rows with vectors of ``lanes``, which divide ``pitch``."""
    builder = v.builder
    vectors = builder.sdiv(pitch, _INDEX(lanes))

    def one_row(r: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        place = v.at(panel, builder.mul(r, pitch))
        whole = v.splat(builder.load(v.at(bias, r)))
        value = v.shuffle(whole, whole, range(lanes))

        def put(i: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
            v.store(value, v.at(place, builder.mul(i, _INDEX(lanes))))
            return []

        loop(builder, vectors, [], put)
        return []

    loop(builder, rows, [], one_row)


def product_tile(rows: int, *, half: bool = False) -> Any:
    """An intrinsic for ``rows`` rows of ``panel += weights @ panel``, one line of columns.

    ``tile(w, w_start, panel, x, out, pitch, count, fetch)``: packed weights (count, rows) from
    ``w[w_start]`` on, operand rows at ``panel[x + i pitch]``, result rows at
    ``panel[out + k pitch]``. With ``half`` it is half a line of columns. ``fetch`` says what to
    bring to the caches meanwhile: an address, and the bytes from one of so many lines to the next;
    or it is ().
    """

    def emit(v: Vectors, *arguments: ir.Value) -> None:
        columns = LINE_BYTES // v.bytes // (2 if half else 1)
        v.lanes = min(v.lanes, columns)
        v.type = ir.VectorType(v.element, v.lanes)
        _emit_product(v, rows, columns, *arguments)

    return _tile(f"product{rows}{half}", emit)


def _tile(name: str, emit: Callable[..., None]) -> Any:
    """An intrinsic with the arguments of ``product_tile`` and the body ``emit(v, ...)``."""

    @intrinsic
    def tile(typingctx, w, w_start, panel, x, out, pitch, count, fetch):  # type: ignore[no-untyped-def]  # Numba's protocol
        index = types.intp
        signature = types.void(w, index, panel, index, index, index, index, fetch)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            _, w_start, _, x, out, pitch, count, fetch = args
            scalar = signature.args[0].dtype
            w, panel = (
                context.make_array(signature.args[i])(context, builder, args[i]).data
                for i in (0, 2)
            )
            v, more = Vectors(builder, scalar), cgutils.unpack_tuple(builder, fetch)
            arguments = [v.at(w, w_start), v.at(panel, x), v.at(panel, out), pitch, count, *more]

            def body(builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> None:
                emit(Vectors(builder, scalar), *arguments)

            outlined(builder, f"{name}_{v.bytes}_{len(more)}", arguments, body)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _emit_product(
    v: Vectors,
    rows: int,
    columns: int,
    w: ir.Value,
    x: ir.Value,
    out: ir.Value,
    pitch: ir.Value,
    count: ir.Value,
    *fetch: ir.Value,
) -> None:
    """``out[k, :columns] += sum_i w[i, k] * x[i, :columns]`` for k < rows."""
    builder = v.builder
    parts = range(0, columns, v.lanes)
    places = [
        v.at(v.at(out, builder.mul(pitch, _INDEX(k))), part) for k in range(rows) for part in parts
    ]
    fetch_next = _fetcher(v, count, *fetch) if fetch else None

    def step(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
        operand, weights = v.at(x, builder.mul(i, pitch)), v.at(w, builder.mul(i, _INDEX(rows)))
        vectors = [v.load(v.at(operand, part)) for part in parts]
        scalars = [v.splat(builder.load(v.at(weights, k))) for k in range(rows)]
        terms = [(scalar, vector) for scalar in scalars for vector in vectors]
        if fetch_next:
            fetch_next(i)
        return [
            v.multiply_add(scalar, vector, total)
            for (scalar, vector), total in zip(terms, sums, strict=True)
        ]

    sums = loop(builder, count, [v.load(place) for place in places], step)
    for total, place in zip(sums, places, strict=True):
        v.store(total, place)


def _fetcher(
    v: Vectors, count: ir.Value, address: ir.Value, stride: ir.Value, lines: ir.Value
) -> Callable[[ir.Value], None]:
    """A function that emits the prefetch of step i: ``lines`` in ``count`` steps, evenly spread."""
    builder, shift = v.builder, _INDEX(16)
    rate = builder.sdiv(builder.shl(lines, shift), count)

    def fetch_next(i: ir.Value) -> None:
        number = builder.ashr(builder.mul(i, rate), shift)
        v.prefetch(v.pointer(builder.add(address, builder.mul(number, stride))))

    return fetch_next


def thin_tile(rows: int, tiles: int, columns: int) -> Any:
    """An intrinsic for ``tiles`` times ``rows`` rows of ``panel += weights @ panel``, few columns.

    The arguments are those of ``product_tile``, without fetching. Here the vectors run over rows of
    weights, so that a last line with few columns costs no more than what is in it.
    """

    def emit(v: Vectors, *arguments: ir.Value) -> None:
        _emit_thin(v, rows, tiles, columns, *arguments)

    return _tile(f"thin{rows}x{tiles}x{columns}", emit)


def _emit_thin(
    v: Vectors,
    rows: int,
    tiles: int,
    columns: int,
    w: ir.Value,
    x: ir.Value,
    out: ir.Value,
    pitch: ir.Value,
    count: ir.Value,
) -> None:
    """``out[k, j] += sum_i w[i, k] * x[i, j]`` for k < tiles * rows and j < columns."""
    builder = v.builder
    bases = [v.at(w, builder.mul(count, _INDEX(tile * rows))) for tile in range(tiles)]
    parts = [(base, part) for base in bases for part in range(0, rows, v.lanes)]

    def step(i: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
        operand, at = v.at(x, builder.mul(i, pitch)), builder.mul(i, _INDEX(rows))
        scalars = [v.splat(builder.load(v.at(operand, j))) for j in range(columns)]
        vectors = [v.load(v.at(v.at(base, at), part)) for base, part in parts]
        terms = [(vector, scalar) for vector in vectors for scalar in scalars]
        return [
            v.multiply_add(scalar, vector, total)
            for (vector, scalar), total in zip(terms, sums, strict=True)
        ]

    places = [
        [
            v.at(out, builder.add(builder.mul(pitch, _INDEX(first + lane)), _INDEX(j)))
            for lane in range(v.lanes)
        ]
        for first in range(0, len(parts) * v.lanes, v.lanes)
        for j in range(columns)
    ]
    before = [_gather(v, lanes) for lanes in places]  # the sums begin as those of other tiles do
    for lanes, total in zip(places, loop(builder, count, before, step), strict=True):
        for lane, place in enumerate(lanes):
            builder.store(builder.extract_element(total, ir.IntType(32)(lane)), place)


def _gather(v: Vectors, places: Sequence[ir.Value]) -> ir.Value:
    """The vector of the elements at ``places``."""
    gathered: ir.Value = v.zero()
    for lane, place in enumerate(places):
        gathered = v.builder.insert_element(gathered, v.builder.load(place), ir.IntType(32)(lane))
    return gathered
