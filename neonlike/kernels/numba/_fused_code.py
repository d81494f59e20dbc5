"""LLVM IR of a fused kernel: a function for each group of loops.

A function takes the number of the part to run, and the address of the arguments, 64-bit words:
the address of a table of sizes, the addresses of the arrays, and the numbers as float64. The table
holds for each group

    parts, extent, block, then for each of its loops
        rows, columns, then for each of its references  row stride, column stride

A group of that ``extent`` is cut into ``parts``; more than one only if its loops have an axis.
Within a part all loops run on ``block`` rows or columns before they go on, so that what one loop
has written, the next one finds in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llvmlite import ir

from neonlike.kernels._nest import Extent, Loop, Nest
from neonlike.kernels.numba import _fused_memory as memory
from neonlike.kernels.numba._fused_loop import LoopCode, Part
from neonlike.kernels.numba._fused_memory import INDEX, Place, Value
from neonlike.kernels.numba._ir import LINE_BYTES, Vectors, loop

_GROUP_WORDS, _LOOP_WORDS, _REFERENCE_WORDS = 3, 2, 2
_FUNCTION = ir.FunctionType(ir.VoidType(), [INDEX, INDEX])  # (arguments, part)


def build(nest: Nest, name: str) -> ir.Module:
    """The module with the functions ``name_0``, ``name_1``, ... of the groups."""
    module = ir.Module(name)
    table = 0
    for number, group in enumerate(nest.groups):
        function = ir.Function(module, _FUNCTION, f"{name}_{number}")
        _GroupCode(nest, group, function, table).emit()
        table += _GROUP_WORDS
        table += sum(_LOOP_WORDS + _REFERENCE_WORDS * len(part.references) for part in group)
    return module


def sizes(parts: int, extent: int, block: int, extents: Iterable[Extent]) -> list[int]:
    """The words of a group in the table of sizes."""
    words = [parts, extent, block]
    for rows, columns, strides in extents:
        words += (rows, columns)
        for pair in strides:
            words += pair
    return words


class _GroupCode:
    """Emits the function of a group; its sizes begin at word ``table``."""

    def __init__(
        self, nest: Nest, group: Sequence[Loop], function: ir.Function, table: int
    ) -> None:
        self.nest, self.group = nest, group
        self.entry = function.append_basic_block("entry")
        self.builder = ir.IRBuilder(self.entry)
        self.v = Vectors(self.builder, nest.dtype)
        self.arguments, self.part = function.args
        self._pointers: dict[tuple[int, ir.Type], Value] = {}
        self.table, self.next_size = self._word(self.arguments, 0), table

    def _word(self, address: Value, index: int, kind: ir.Type = INDEX) -> Value:
        key = id(address), kind
        if key not in self._pointers:
            self._pointers[key] = self.builder.inttoptr(address, kind.as_pointer())
        return self.builder.load(self.builder.gep(self._pointers[key], [INDEX(index)]))

    def _sizes(self, count: int) -> list[Value]:
        """The next words of the table."""
        words = [self._word(self.table, self.next_size + n) for n in range(count)]
        self.next_size += count
        return words

    def _numbers(self) -> list[Value]:
        start = 1 + self.nest.arrays
        words = [
            self._word(self.arguments, start + n, ir.DoubleType()) for n in range(self.nest.numbers)
        ]
        if self.v.bytes == 4:
            words = [self.builder.fptrunc(word, self.v.element) for word in words]
        return [self.v.splat(word) for word in words]

    def _stack(self, kind: ir.Type, count: int) -> Value:
        """Memory on the stack, aligned for vectors."""
        with self.builder.goto_block(self.entry):
            place = self.builder.alloca(kind, count)
        place.align = LINE_BYTES
        return place

    def emit(self) -> None:
        """Emit the body of the function."""
        b = self.builder
        parts, extent, block = self._sizes(_GROUP_WORDS)
        numbers = self._numbers()
        work = []
        for part in self.group:
            space = self._sizes(_LOOP_WORDS)
            places = [
                Place(
                    self.v.pointer(self._word(self.arguments, 1 + reference.array)),
                    *self._sizes(_REFERENCE_WORDS),
                )
                for reference in part.references
            ]
            work.append((LoopCode(self.v, part, places, numbers, self._stack), space))
        share = first, last = self._share(parts, extent)

        def loops(share: Part) -> None:
            for code, space in work:
                code.emit(*_cut(code.loop.axis, space, share))

        def one_block(i: Value, _: list[Value]) -> list[Value]:
            start = b.add(first, b.mul(i, block))
            loops((start, memory.smaller(b, b.add(start, block), last)))
            return []

        if self._has_blocks:
            padded = b.add(b.sub(last, first), b.sub(block, INDEX(1)))
            loop(b, b.udiv(padded, block), [], one_block)
        else:
            loops(share)
        if any(store.stream for part in self.group for store in part.stores):
            b.fence("seq_cst")  # what is streamed is there for other threads, too
        b.ret_void()

    @property
    def _has_blocks(self) -> bool:
        """Whether there is a reason to: another loop, or sums that fit the cache."""
        return len(self.group) > 1 or any(fold.axis == 0 for fold in self.group[0].folds)

    def _share(self, parts: Value, extent: Value) -> Part:
        """From where to where this part goes; columns in whole lines."""
        b = self.builder
        by_columns = any(part.axis == 1 for part in self.group)
        unit = LINE_BYTES // self.v.bytes if by_columns else 1
        units = memory.ceiling(b, extent, unit)

        def border(part: Value) -> Value:
            at = b.udiv(b.mul(units, part), parts)
            return memory.smaller(b, b.mul(at, INDEX(unit)), extent)

        return border(self.part), border(b.add(self.part, INDEX(1)))


def _cut(axis: int | None, space: Sequence[Value], share: Part) -> list[Part]:
    """Rows and columns of a loop in a share of its axis."""
    return [share if n == axis else (INDEX(0), size) for n, size in enumerate(space)]
