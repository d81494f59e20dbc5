"""What a run was made on: versions, machine, threads."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neonlike.version import VERSION

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "h5py", "matplotlib", "Pillow")


def describe_environment(**more: Any) -> dict[str, Any]:
    """Return versions, processor and thread settings as plain values for JSON.

    Args:
        more: further entries, such as the seed.
    """
    return {
        "neonlike": VERSION,
        "python": sys.version.split()[0],
        **{name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("NEONLIKE_NUM_THREADS", "all cores"),
        **more,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
