"""A ``shelve`` that several processes may use (spec util 2)."""

from __future__ import annotations

import contextlib
import shelve
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[Any]) -> None:
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:  # it gives up after ten seconds
                continue
            return
else:
    import fcntl

    def _lock(file: IO[Any]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


@contextlib.contextmanager
def atomic_shelve(filename: str) -> Iterator[shelve.Shelf[Any]]:
    """Open a shelf, waiting until no other thread or process has it open.

    The lock is on the file ``filename + '.lock'``; the system frees it when a
    process dies.

    Args:
        filename: name of the shelf, as for ``shelve.open``.

    Example::

        with atomic_shelve("results") as results:
            results["run"] = results.get("run", 0) + 1
    """
    with Path(f"{filename}.lock").open("a") as lock:  # closing it frees the lock
        _lock(lock)
        with shelve.open(filename) as shelf:
            yield shelf
