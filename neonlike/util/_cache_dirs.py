"""Folders for caches and data (spec util 2)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

APPLICATION = "neonlike"
Subdir = str | list[str] | None


def get_cache_dir(subdir: Subdir = None) -> str:
    """Return (and create) the cache folder: ``$NEON_CACHE_DIR``, else the user's own.

    Args:
        subdir: folder below it, or a list of nested folders.
    """
    return _created(os.environ.get("NEON_CACHE_DIR") or _user_cache_dir(), subdir)


def get_data_cache_dir(data_dir: str, subdir: Subdir = None) -> str:
    """Return (and create) the data folder: ``$NEON_DATA_CACHE_DIR``, else ``data_dir``."""
    return _created(os.environ.get("NEON_DATA_CACHE_DIR") or data_dir, subdir)


def get_data_cache_or_nothing(subdir: Subdir = None) -> str:
    """Return the path below ``$NEON_DATA_CACHE_DIR``, or ``''`` if that is not set.

    Only the folders above the path are created.
    """
    root = os.environ.get("NEON_DATA_CACHE_DIR")
    return ensure_dirs_exist(str(_below(root, subdir))) if root else ""


def ensure_dirs_exist(path: str) -> str:
    """Create the folders above the file ``path``; return ``path`` unchanged."""
    # not Path(path).parent: "folder/" names the folder itself
    Path(os.path.dirname(path)).mkdir(parents=True, exist_ok=True)  # noqa: PTH120  # as said above
    return path


def _below(root: str, subdir: Subdir) -> Path:
    parts = [subdir] if isinstance(subdir, str) else subdir or []
    return Path(root).expanduser().joinpath(*parts)


def _created(root: str, subdir: Subdir) -> str:
    path = _below(root, subdir)
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def _user_cache_dir() -> str:
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(root / APPLICATION)
