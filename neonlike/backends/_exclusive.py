"""One Python thread at a time: who comes while another thread is at work gets an error.

Kernels run without the GIL and share scratch memory, the current backend and its batch size are
shared too, and some of Numba's thread pools end the process when two threads enter them. So two
threads may take turns, but not work at once. The check costs a fraction of a microsecond a call.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from neonlike.backends._threads import adopt_thread

P = ParamSpec("P")
R = TypeVar("R")

_busy = threading.RLock()
_at_work = threading.get_ident()  # the thread that works, or worked last


def exclusive(function: Callable[P, R]) -> Callable[P, R]:
    """Let ``function`` run only while no other thread is inside an exclusive function.

    Raises:
        RuntimeError: at the call, if another thread is at work.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _busy.acquire(blocking=False):
            raise RuntimeError(_refusal(function.__name__))
        try:
            if threading.get_ident() != _at_work:
                _change_thread()
            return function(*args, **kwargs)
        finally:
            _busy.release()

    return call


def _change_thread() -> None:
    global _at_work
    _at_work = threading.get_ident()
    adopt_thread()


def _refusal(name: str) -> str:
    names = [t.name for t in threading.enumerate() if t.ident == _at_work]
    return (
        f"{name} was called in the Python thread {threading.current_thread().name!r} while "
        f"{names[0] if names else 'another thread'!r} is at work: one thread at a time may use "
        "neonlike. Let threads take turns (one threading.Lock around every fit, eval, predict or "
        "training step), or give each model a process of its own (multiprocessing)"
    )
