"""Reading and writing vectors of columns: whole, masked, and gathered."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from neonlike.kernels.numba._ir import Vectors

Value: TypeAlias = ir.Value
INDEX = ir.IntType(64)


@dataclass
class Place:
    """An array in memory as a loop sees it; strides in elements."""

    pointer: Value
    row_stride: Value
    column_stride: Value


def narrowed(v: Vectors, lanes: int) -> Vectors:
    """The same for vectors of fewer lanes."""
    narrow = copy.copy(v)
    narrow.lanes, narrow.type = lanes, ir.VectorType(v.element, lanes)
    return narrow


def smaller(builder: ir.IRBuilder, a: Value, b: Value) -> Value:
    """The smaller of two integers."""
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def ceiling(builder: ir.IRBuilder, count: Value, size: int) -> Value:
    """``count / size`` rounded up, for numbers from 0 on."""
    return builder.udiv(builder.add(count, INDEX(size - 1)), INDEX(size))


def mask_of(v: Vectors, count: Value) -> Value:
    """Truth for the first ``count`` lanes."""
    b, kind = v.builder, ir.VectorType(ir.IntType(32), v.lanes)
    count = b.trunc(smaller(b, count, INDEX(v.lanes)), kind.element)
    first = b.insert_element(ir.Constant(kind, ir.Undefined), count, INDEX(0))
    lanes = ir.Constant(kind, list(range(v.lanes)))
    return b.icmp_signed("<", lanes, v.shuffle(first, first, [0] * v.lanes))


def load(v: Vectors, pointer: Value, mask: Value | None) -> Value:
    """The vector at ``pointer``, with 0 where the mask is false."""
    if mask is None:
        return v.load(pointer)
    place = v.builder.bitcast(pointer, v.type.as_pointer())
    return _masked(v, "load", v.type, [place, ir.IntType(32)(v.bytes), mask, v.zero()])


def store(
    v: Vectors, value: Value, pointer: Value, mask: Value | None, *, stream: bool = False
) -> None:
    """Write the lanes for which the mask is true; all of them past the caches with ``stream``."""
    if mask is None:
        v.store(value, pointer, stream=stream)
    else:
        place = v.builder.bitcast(pointer, v.type.as_pointer())
        _masked(v, "store", ir.VoidType(), [value, place, ir.IntType(32)(v.bytes), mask])


def _masked(v: Vectors, name: str, result: ir.Type, arguments: list[Value]) -> Value:
    full = f"llvm.masked.{name}.v{v.lanes}f{8 * v.bytes}.p0"
    known = v.builder.module.globals
    if full not in known:
        kind = ir.FunctionType(result, [a.type for a in arguments])
        ir.Function(v.builder.module, kind, full)
    return v.builder.call(known[full], arguments)


def gather(v: Vectors, pointer: Value, stride: Value, column: Value, mask: Value | None) -> Value:
    """Elements ``stride`` apart, from ``column`` on; where the mask is false, that one again."""
    b, result = v.builder, ir.Constant(v.type, ir.Undefined)
    for lane in range(v.lanes):
        at = b.add(column, INDEX(lane))
        if mask is not None:
            at = b.select(b.extract_element(mask, INDEX(lane)), at, column)
        element = b.load(v.at(pointer, b.mul(at, stride)))
        result = b.insert_element(result, element, INDEX(lane))
    return result
