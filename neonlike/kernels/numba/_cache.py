"""The folder in which compiled kernels are kept."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

KEPT = 10  # folders: one for each version of the kernels in use


def user_cache_folder() -> Path:
    """The user's folder for caches, by the custom of the operating system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def helpers_stamp() -> str:
    """Hash of the private modules of this package and of what they read from the environment.

    Numba itself notices a change of the file that defines a kernel, not one of the helpers and
    code generators that the kernel uses; so the stamp is part of the cache folder's name.
    """
    digest = hashlib.sha256(os.environ.get("NEONLIKE_VECTOR_LANES", "").encode())
    for path in sorted(Path(__file__).parent.glob("_*.py")):
        if not path.name.startswith("_fused"):  # which has files of its own, not Numba's
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder() -> str:
    """A writable folder for compiled kernels; a temporary one where homes are read-only."""
    base = os.environ.get("NUMBA_CACHE_DIR")
    name = f"kernels-{helpers_stamp()}"
    try:
        folder = (Path(base) if base else user_cache_folder() / "neonlike") / name
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # the time of its last use
        if new:
            remove_unused(folder.parent)
        with tempfile.TemporaryFile(dir=folder):
            return str(folder)
    except (OSError, RuntimeError):  # Path.home() raises RuntimeError for users without a home
        own = tempfile.mkdtemp(prefix="neonlike-")  # code is read from it: nobody else's to write
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        return own


def remove_unused(base: Path) -> None:
    """Remove the kernels of other versions but those used last.

    This is safe while other processes run: who misses a file compiles it again.
    """
    pattern = re.compile(r"kernels-[0-9a-f]{16}")
    used: list[tuple[float, Path]] = []
    for folder in base.iterdir():
        with contextlib.suppress(OSError):  # another process was faster
            if pattern.fullmatch(folder.name):
                used.append((folder.stat().st_mtime, folder))
    for _, folder in sorted(used)[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
