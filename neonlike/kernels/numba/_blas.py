"""SciPy's BLAS: where its routines are, and calls from Python. Needs no Numba.

The BLAS of SciPy's wheels is as fast as any; its pointers are meant for C code of others.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import scipy
import threadpoolctl

_POINTERS = "scipy.linalg.cython_blas"
_NUMBERS = {"sgemm": ctypes.c_float, "dgemm": ctypes.c_double}


def _load_pointers() -> ModuleType:
    """Import SciPy's module of BLAS pointers without ``scipy.linalg``, which takes 0.2 s."""
    if _POINTERS in sys.modules:
        return sys.modules[_POINTERS]
    spec = PathFinder.find_spec(_POINTERS, [str(Path(scipy.__file__).parent / "linalg")])
    if spec is None or spec.loader is None:
        raise ImportError(
            f"neonlike's kernels need {_POINTERS}; reinstall SciPy {scipy.__version__}"
        )
    module = sys.modules[_POINTERS] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def limit_blas() -> None:
    """Run SciPy's BLAS on one thread: its own pool would fight with Numba's.

    Only the copy that ``scipy.linalg`` uses is limited; where NumPy and SciPy
    share one library (conda), NumPy's products become single-threaded too.
    """
    libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
    scipys = [lib for lib in libraries if "scipy.libs" in lib.filepath]
    for lib in scipys or libraries:
        lib.set_num_threads(1)


def routine_address(name: str) -> int:
    """Where the code of a BLAS routine is."""
    capsule = _load_pointers().__pyx_capi__[name]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(pointer_of(capsule, name_of(capsule)))


# the capsule names its C signature: a BLAS built with 64-bit indices says something else than int
INDEX_BITS = 32 if " int *" in str(_load_pointers().__pyx_capi__["sgemm"]) else 64
_Index: Any = ctypes.c_int32 if INDEX_BITS == 32 else ctypes.c_int64
limit_blas()


@functools.cache
def _routine(name: str) -> Callable[..., None]:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(routine_address(name))


@functools.lru_cache(maxsize=4096)
def bind_gemm(
    name: str,
    transposed: tuple[bool, bool],
    sizes: tuple[int, int, int],
    leading: tuple[int, int, int],
    alpha: float,
    beta: float,
) -> Callable[[int, int, int], None]:
    """BLAS's ?gemm for all but the addresses of its column-major operands a, b and c.

    Fortran takes scalars by reference; they are made once and never change.
    """
    number = _NUMBERS[name]
    flags = [ctypes.c_char(b"T" if flag else b"N") for flag in transposed]
    m, n, k, lda, ldb, ldc = (_Index(size) for size in (*sizes, *leading))
    factors = number(alpha), number(beta)
    kept = (*flags, m, n, k, lda, ldb, ldc, *factors)
    ta, tb, *places = (ctypes.addressof(value) for value in kept)
    pm, pn, pk, plda, pldb, pldc, palpha, pbeta = places
    routine = _routine(name)

    def call(a: int, b: int, c: int, kept: Any = kept) -> None:
        routine(ta, tb, pm, pn, pk, palpha, a, plda, b, pldb, pbeta, c, pldc)

    return call
