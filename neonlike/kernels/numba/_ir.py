"""Vectors in LLVM's IR: the one place that knows the width of a vector.

Nothing here needs Numba, so that fused kernels run in processes that never load it. Columns are
handled in *lines* of 64 bytes (16 float32 or 8 float64), whatever the vectors of the host are.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable, Sequence

import llvmlite.binding
from llvmlite import ir

LINE_BYTES = 64
INDEX = ir.IntType(64)


def _host() -> tuple[int, int, bool, bool]:
    """Float32 lanes, number of registers, whether vectors are of AVX-512, whether there is AVX2."""
    features = llvmlite.binding.get_host_cpu_features()
    many = features.get("avx512vl", False) or platform.machine().lower() in ("arm64", "aarch64")
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    wanted = os.environ.get("NEONLIKE_VECTOR_LANES", str(lanes))
    if wanted not in ("4", "8", "16"):
        raise ValueError(f"NEONLIKE_VECTOR_LANES must be 4, 8 or 16, got {wanted!r}")
    is_avx512 = wanted == "16" and features.get("avx512f", False)
    return int(wanted), 32 if many else 16, is_avx512, bool(features.get("avx2", False))


LANES, REGISTERS, _IS_AVX512, _HAS_AVX2 = _host()


class Vectors:
    """Builds the IR of vector arithmetic for one element type."""

    def __init__(self, builder: ir.IRBuilder, scalar: object) -> None:
        """``scalar`` is float32 or float64: a name, or a type of NumPy or Numba."""
        self.builder = builder
        _align_stack(builder.function)
        single = str(scalar) == "float32"
        self.element = ir.FloatType() if single else ir.DoubleType()
        self.bytes = 4 if single else 8
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
        offset = INDEX(offset) if isinstance(offset, int) else offset
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

    def prefetch(self, pointer: ir.Value, write: bool = False) -> None:
        """Bring the line of an address, valid or not, to the caches."""
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = declare(self.builder.module, kind, "llvm.prefetch.p0")
        near, data = flag(2), flag(1)
        place = self.builder.bitcast(pointer, byte)
        self.builder.call(function, [place, flag(int(write)), flag(3) if write else near, data])

    def splat(self, scalar: ir.Value) -> ir.Value:
        undefined = constant_of(self.type, "undef")
        first = self.builder.insert_element(undefined, scalar, INDEX(0))
        return self.shuffle(first, undefined, [0] * self.lanes)

    def zero(self) -> ir.Value:
        return ir.Constant(self.type, None)

    def constant(self, number: float) -> ir.Value:
        """``number`` in all lanes."""
        return splat_constant(self.type, number)

    @property
    def is_avx512(self) -> bool:
        """Whether there is ``scale``; not for narrower vectors than the host's."""
        return _IS_AVX512 and self.lanes * self.bytes == LINE_BYTES

    def scale(self, a: ir.Value, exponent: ir.Value) -> ir.Value:
        """``a * 2^exponent`` for whole exponents; rounds once (AVX-512)."""
        mask, rounding = ir.IntType(self.lanes), ir.IntType(32)
        kind = ir.FunctionType(self.type, [self.type] * 3 + [mask, rounding])
        name = f"llvm.x86.avx512.mask.scalef.p{'s' if self.bytes == 4 else 'd'}.512"
        function = declare(self.builder.module, kind, name)
        return self.builder.call(function, [a, exponent, a, mask(-1), rounding(4)])

    def look_up(self, table: Sequence[int], places: ir.Value) -> ir.Value:
        """``table[places]`` for 16 numbers of 32 bits, by the low bits of ``places``."""
        if self.is_avx512:
            return self._permute(table, places, "llvm.x86.avx512.permvar.si.512")
        if self.lanes == 8 and _HAS_AVX2:
            name = "llvm.x86.avx2.permd"
            low, high = (self._permute(half, places, name) for half in (table[:8], table[8:]))
            bit = self.builder.and_(places, splat_constant(self.integers, 8))
            is_low = self.builder.icmp_signed("==", bit, ir.Constant(self.integers, None))
            return self.builder.select(is_low, low, high)
        found = ir.Constant(self.integers, ir.Undefined)
        numbers = ir.Constant(ir.VectorType(ir.IntType(32), 16), table)
        places = self.builder.and_(places, splat_constant(self.integers, 15))
        for lane in range(self.lanes):
            place = self.builder.extract_element(places, INDEX(lane))
            number = self.builder.extract_element(numbers, place)
            found = self.builder.insert_element(found, number, INDEX(lane))
        return found

    def _permute(self, table: Sequence[int], places: ir.Value, name: str) -> ir.Value:
        """``table[places]`` for as many numbers as there are lanes."""
        kind = ir.FunctionType(self.integers, [self.integers] * 2)
        function = declare(self.builder.module, kind, name)
        return self.builder.call(function, [ir.Constant(self.integers, list(table)), places])

    @property
    def integers(self) -> ir.VectorType:
        """The type of vectors of integers of the same size."""
        return ir.VectorType(ir.IntType(8 * self.bytes), self.lanes)

    def shuffle(self, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
        mask = ir.Constant(
            ir.VectorType(ir.IntType(32), len(lanes)), list(lanes) if any(lanes) else None
        )
        return self.builder.shuffle_vector(a, b, mask)

    def multiply_add(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """``a * b + c``, fused where the machine can."""
        kind = ir.FunctionType(self.type, [self.type] * 3)
        name = f"llvm.fmuladd.v{self.lanes}f{8 * self.bytes}"
        return self.builder.call(declare(self.builder.module, kind, name), [a, b, c])

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


def _align_stack(function: ir.Function) -> None:
    """Let vectors that registers do not hold lie in one line each, not across two."""
    function.attributes.alignstack = LINE_BYTES
    function.attributes.add("nounwind")  # llvmlite writes the alignment beside others only


def declare(module: ir.Module, kind: ir.FunctionType, name: str) -> ir.Function:
    """The function ``name`` of a module, declared at its first use."""
    known = module.globals.get(name)
    return ir.Function(module, kind, name) if known is None else known


def splat_constant(kind: ir.VectorType, number: float) -> ir.Constant:
    """The vector with ``number`` in all lanes."""
    return _splat(kind, kind.element(number).get_reference())


@functools.cache
def _splat(kind: ir.VectorType, text: str) -> ir.Constant:
    """A splat constant made of text, which saves formatting each lane."""
    lanes = ", ".join([f"{kind.element} {text}"] * kind.count)
    return constant_of(kind, f"<{lanes}>")


def constant_of(kind: ir.VectorType, text: str) -> ir.Constant:
    """The vector that ``text`` stands for in LLVM's language."""
    constant = ir.FormattedConstant(kind.element, text)
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
    i = builder.phi(INDEX)
    values = [builder.phi(value.type) for value in carried]
    builder.cbranch(builder.icmp_signed("<", i, count), inside, after)
    builder.position_at_end(inside)
    results = body(i, values)
    following = builder.add(i, INDEX(1))
    end = builder.block
    builder.branch(head)
    for phi, first, result in zip(
        [i, *values], [INDEX(0), *carried], [following, *results], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(result, end)
    builder.position_at_end(after)
    return values


def outlined(
    builder: ir.IRBuilder,
    name: str,
    arguments: Sequence[ir.Value],
    emit: Callable[[ir.IRBuilder, Sequence[ir.Value]], None],
) -> None:
    """Call a function of the module with the body ``emit(builder, arguments)``, made if missing.

    Never inlined, and without the copies of loops that the compiler makes for special cases: all
    of this is vectors already, and would take minutes to compile.
    """
    name = f"neonlike.{name}"
    kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    if name not in builder.module.globals:
        function = ir.Function(builder.module, kind, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.attributes.add("optsize")
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        emit(inside, function.args)
        inside.ret_void()
    builder.call(builder.module.globals[name], arguments)
