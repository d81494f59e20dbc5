"""Machine code of fused kernels: compiled by LLVM for this processor, kept in files.

A file holds the object code behind its SHA-256 sum, since LLVM does not survive a damaged one. Its
name is a hash of the kernel's description, of the code generator, of LLVM and of the processor.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from neonlike.kernels.numba._cache import cache_folder
from neonlike.kernels.numba._ir import LANES

_GENERATOR = ("fused.py", "_fused*.py", "_ir.py", "_vector_math.py", "../_nest.py")
_DIGEST = hashlib.sha256().digest_size
_lock = threading.Lock()
logger = logging.getLogger(__name__)


@functools.cache
def _target() -> Any:
    """LLVM's back end for this kind of machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


@functools.cache
def _machine() -> Any:
    """LLVM's description of this processor."""
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=1,  # as fast code as 2, an eighth sooner
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


@functools.cache
def _engine() -> Any:
    """What holds the code in memory, to the end of the process."""
    machine = _target().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


@functools.cache
def _surroundings() -> bytes:
    """All that the code depends on beside the description of the kernel."""
    features = llvm.get_host_cpu_features().flatten()
    parts = (llvmlite.__version__, llvm.get_host_cpu_name(), features, str(LANES))
    digest = hashlib.sha256("\n".join(parts).encode())
    folder = Path(__file__).parent
    for path in sorted(path for pattern in _GENERATOR for path in folder.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.digest()


def load(description: str, build: Callable[[str], ir.Module]) -> Callable[[str], int]:
    """Load a kernel from its file, or compile the module ``build(name)`` and write the file.

    Returns:
        The function that gives the address of ``name + suffix``.
    """
    name = "k" + hashlib.sha256(_surroundings() + description.encode()).hexdigest()[:40]
    with _lock:  # LLVM's objects are for one thread
        code = _read(name)
        if code is None:
            module = llvm.parse_assembly(str(build(name)))
            code = _machine().emit_object(module)
            _write(name, code)
        engine = _engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
    return lambda suffix: engine.get_function_address(name + suffix)


def _file(name: str) -> Path:
    return Path(cache_folder()) / f"{name}.o"


def _read(name: str) -> bytes | None:
    """The object code of a sound file."""
    try:
        content = _file(name).read_bytes()
    except OSError:
        return None
    digest, code = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(code).digest() == digest:
        return code
    logger.warning("%s is damaged: compiling anew", _file(name))
    return None


def _write(name: str, code: bytes) -> None:
    """Keep the code; without the file, the next process compiles again."""
    path = _file(name)
    draft = path.with_name(f"{name}.{os.getpid()}")
    try:
        draft.write_bytes(hashlib.sha256(code).digest() + code)
        draft.replace(path)
    except OSError as error:
        logger.warning("cannot keep a compiled op-tree: %s", error)
