"""Matrix product callable from nopython code: single-threaded BLAS through SciPy's pointers.

``gemm(a, b, out, alpha, beta)`` computes ``out = alpha * a @ b + beta * out`` for 2-D arrays of
one float dtype. Each array has at least one element, positive strides and unit stride along one
axis (C- or Fortran-ordered, a transposed view, a slice of rows or columns). With ``beta == 0``
old content of ``out`` is not read. Safe inside ``prange`` bodies: BLAS itself runs on one thread
(see ``_blas.limit_blas``).

Compiled code refers to the BLAS routine by a symbol that importing this module registers, so
kernels which inline ``gemm`` load from Numba's on-disk cache in any later process.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import types
from numba.extending import intrinsic

from neonlike.kernels._types import Array
from neonlike.kernels.numba._blas import INDEX_BITS, routine_address
from neonlike.kernels.numba._jit import jit

cgutils: Any = _cgutils  # carries no type information
_ROUTINES = {types.float32: "sgemm", types.float64: "dgemm"}
_SYMBOL = "neonlike_{}"


def _register_symbols() -> None:
    for name in _ROUTINES.values():
        llvmlite.binding.add_symbol(_SYMBOL.format(name), routine_address(name))


_INDEX = ir.IntType(INDEX_BITS)
_register_symbols()


def _type_xgemm(
    typingctx: Any,
    trans_a: Any,
    trans_b: Any,
    m: Any,
    n: Any,
    k: Any,
    alpha: Any,
    a: Any,
    a_start: Any,
    lda: Any,
    b: Any,
    b_start: Any,
    ldb: Any,
    beta: Any,
    c: Any,
    c_start: Any,
    ldc: Any,
) -> Any:
    """Numba typing and lowering of ``xgemm``."""
    if not (a.dtype == b.dtype == c.dtype and c.dtype in _ROUTINES):
        return None
    flag, index, number = types.boolean, types.intp, c.dtype
    signature = types.void(
        *(flag, flag, index, index, index, number),
        *(a, index, index, b, index, index),
        *(number, c, index, index),
    )
    return signature, _emit_xgemm


def _emit_xgemm(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Call the BLAS routine; Fortran takes scalars by reference, so they go to the stack."""
    types_and_values = iter(zip(signature.args, args, strict=True))
    pointers = []
    for kind, value in types_and_values:
        if isinstance(kind, types.Array):
            _, start = next(types_and_values)
            data = context.make_array(kind)(context, builder, value).data
            pointer = builder.gep(data, [start])
        else:
            pointer = _by_reference(builder, kind, value)
        pointers.append(builder.bitcast(pointer, cgutils.voidptr_t))
    name = _SYMBOL.format(_ROUTINES[signature.args[6].dtype])
    prototype = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
    builder.call(cgutils.get_or_insert_function(builder.module, prototype, name), pointers)
    return context.get_dummy_value()


def _by_reference(builder: Any, kind: Any, value: Any) -> Any:
    if kind == types.boolean:
        char = ir.IntType(8)
        value = builder.select(value, char(ord("T")), char(ord("N")))
    elif kind == types.intp and _INDEX.width < value.type.width:
        value = builder.trunc(value, _INDEX)
    pointer = cgutils.alloca_once(builder, value.type)
    builder.store(value, pointer)
    return pointer


# BLAS's ?gemm on column-major operands; each array is followed by the index of its first element
# Any: callers leave out the typing context
xgemm: Any = intrinsic(_type_xgemm)


@jit
def is_row_major(x: Array) -> bool:
    """Tell whether the rows of ``x`` are contiguous; a single column counts as such."""
    return x.strides[1] == x.itemsize or x.shape[1] == 1


@jit
def leading_dimension(x: Array) -> int:
    """Elements from one row (row-major) or column of ``x`` to the next."""
    outer = 0 if is_row_major(x) else 1
    ld: int = x.shape[1 - outer] if x.shape[outer] == 1 else x.strides[outer] // x.itemsize
    return max(1, ld)


@jit
def gemm(a: Array, b: Array, out: Array, alpha: float, beta: float) -> None:
    """``out (m, n) = alpha * a (m, k) @ b (k, n) + beta * out``, see the module header."""
    (m, k), n = a.shape, b.shape[1]
    a_rows, lda = is_row_major(a), leading_dimension(a)
    b_rows, ldb = is_row_major(b), leading_dimension(b)
    ldc = leading_dimension(out)
    if is_row_major(out):  # memory holds out.T column-major, and out.T = b.T @ a.T
        xgemm(not b_rows, not a_rows, n, m, k, alpha, b, 0, ldb, a, 0, lda, beta, out, 0, ldc)
    else:
        xgemm(a_rows, b_rows, m, n, k, alpha, a, 0, lda, b, 0, ldb, beta, out, 0, ldc)
