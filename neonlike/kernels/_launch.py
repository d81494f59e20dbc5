"""Calls of kernels, which can be recorded and made again without what was done before them.

To prepare a kernel (checks, views, sizes, scratch memory) costs Python more than a small kernel
takes, and the same arguments are prepared in the same way. So kernel sets and backends do what
works on memory with ``launch``, and while a recording is open, it is kept with its arguments. What
they do otherwise must follow from shapes and addresses alone; where it does not, ``give_up`` says
so. Only one thread at a time is at work with a backend, so there is one recording at most; calls of
kernels in other threads do not belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Recording:
    """Calls in order, and what is known of them.

    Attributes:
        calls: functions and their arguments.
        kept: what they need beside their arguments.
        reads: tensors that noted functions read.
        is_complete: whether the calls are all that was done.
    """

    def __init__(self) -> None:
        self.thread = get_ident()
        self.calls: list[Call] = []
        self.kept: list[Any] = []
        self.reads: list[Any] = []
        self.is_complete = True


_open: Any = None  # a Recording, or None


def launch(function: Callable[..., Any], *args: Any) -> None:
    """Call ``function(*args)``, now and whenever what is being recorded is done again."""
    function(*args)
    if is_recording():
        _open.calls.append((function, args))


def note(function: Callable[[], Any], reads: Sequence[Any], keep: Any) -> None:
    """Record a function that does what was just done otherwise.

    Args:
        function: does it.
        reads: tensors that it reads.
        keep: what must exist.
    """
    if is_recording():
        _open.calls.append((function, ()))
        _open.reads += reads
        _open.kept.append(keep)


def give_up() -> None:
    """Say that the work at hand cannot be done again from a recording."""
    if is_recording():
        _open.is_complete = False


def is_recording() -> bool:
    """Whether this thread has an open recording that is still of use."""
    return _open is not None and _open.is_complete and _open.thread == get_ident()


def record(work: Callable[[], None]) -> Recording | None:
    """Do ``work``; return its recording, or None if that is not all of it."""
    global _open
    outer, _open = _open, Recording()
    try:
        work()
        found = _open
    finally:
        _open = outer
        give_up()  # an outer recording lacks these calls
    return found if found.is_complete else None
