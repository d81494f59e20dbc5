"""Files that are either the old one or the complete new one, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block succeeds it becomes ``path``.

    The content is flushed to disk before the rename. If the block raises, the
    temporary file is removed and an old file at ``path`` stays as it was. The
    folder of ``path`` must exist; a symbolic link is followed, and the new file
    keeps the permissions of the old one. What is there and no file, such as a
    device, is never replaced: its own path is given.

    Example::

        with atomic_path("model.prm") as temporary:
            temporary.write_bytes(content)
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        _flush(temporary)
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write ``content`` to ``path`` through :func:`atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed while they wrote ``path`` left behind.

    Nobody else may be writing to ``path`` now.
    """
    target = Path(path).resolve()
    if target.parent.is_dir():
        pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{12}}\.tmp")
        for file in target.parent.iterdir():
            if pattern.fullmatch(file.name):
                file.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    # r+b: Windows refuses to flush a handle that cannot write
    with path.open("r+b") as file:
        os.fsync(file.fileno())
