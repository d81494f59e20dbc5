"""``neonlike info``: what a bug report needs to tell."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any


def main(argv: Sequence[str]) -> int:
    """Print versions, machine, BLAS, threads, kernels and folders."""
    parser = argparse.ArgumentParser(
        prog="neonlike info",
        description="Describe this installation and machine; paste the output into bug reports.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    facts = describe()
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")
    return 0


def describe() -> dict[str, Any]:
    """Return the facts by name, as plain values."""
    from neonlike.visualizations import describe_environment

    settings = _settings()  # before our own modules add to them
    facts = describe_environment()
    facts["python"] = f"{facts['python']} ({sys.executable})"
    try:
        facts |= _kernels()
    except Exception as error:  # whatever it is, the report is about it
        facts["kernel set"] = f"cannot be loaded: {type(error).__name__}: {error}"
    facts["BLAS"] = _blas()
    facts["settings"] = settings
    return facts


def _kernels() -> dict[str, Any]:
    """Load the kernels, which picks the threading layer, and describe them."""
    from neonlike.backends import cleanup_backend, gen_backend, get_num_threads

    name = gen_backend().kernels.__name__.rpartition(".")[2]
    try:
        facts = {"kernel set": name, "threads": get_num_threads()}
        return facts | (_numba() if name == "numba" else {})
    finally:
        cleanup_backend()


def _blas() -> str:
    """Name the BLAS libraries, with the threads they use beside our own."""
    from threadpoolctl import threadpool_info

    found = [
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} thread(s)"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return "; ".join(found) or "unknown"


def _numba() -> dict[str, Any]:
    import numba
    from llvmlite import binding

    from neonlike.kernels.numba._jit import cache_folder

    settings: Any = numba  # it does not declare all that it documents
    return {
        "threading layer": settings.threading_layer(),
        "LLVM target": binding.get_host_cpu_name(),
        "kernel cache": cache_folder(),
    }


def _settings() -> str:
    """List the environment variables that change how neonlike works."""
    beginnings = ("NEONLIKE_", "NEON_", "NUMBA_", "OMP_", "OPENBLAS_", "MKL_")
    found = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith(beginnings)]
    return ", ".join(found) or "none"
