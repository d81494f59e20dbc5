"""One Python thread at a time: who comes while another thread is at work gets an error.

Kernels run without the GIL and share scratch memory, the current backend and its batch size are
shared too, and some of Numba's thread pools end the process when two threads enter them. So two
threads may take turns, but not work at once. The check costs less than half a microsecond.
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
enter, leave, current_thread = _busy.acquire, _busy.release, threading.get_ident
_at_work = current_thread()  # the thread that works, or worked last


def exclusive(function: Callable[P, R]) -> Callable[P, R]:
    """Let ``function`` run only while no other thread is inside an exclusive function.

    The hottest method spells out the same with ``enter(False)`` and ``leave()``.

    Raises:
        RuntimeError: at the call, if another thread is at work.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not enter(False):
            raise refusal(function.__name__)
        try:
            if current_thread() != _at_work:
                _change_thread()
            return function(*args, **kwargs)
        finally:
            leave()

    return call


def _change_thread() -> None:
    global _at_work
    _at_work = current_thread()
    adopt_thread()


def refusal(name: str) -> RuntimeError:
    """Return the error for a call of ``name`` while another thread is at work."""
    here = threading.current_thread()
    others = [thread for thread in threading.enumerate() if thread is not here]
    names = [thread.name for thread in others if thread.ident == _at_work]
    return RuntimeError(
        f"{name} was called in the Python thread {here.name!r} while "
        f"{names[0] if names else 'another thread'!r} is at work: one thread at a time may use "
        "neonlike. Let threads take turns (one threading.Lock around every fit, eval, predict or "
        "training step), or give each model a process of its own (multiprocessing)"
    )
