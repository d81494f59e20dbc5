"""The one place that configures Numba: decorators, floating-point flags, threads, cache folder.

Decorators for kernels, all lazy (nothing compiles at import), cached on disk, without GIL:

- ``jit``: serial; called from Python or from other kernels.
- ``jit_sum``: ``jit`` whose sums may be reordered, so that they vectorise.
- ``inner``: ``jit`` without the code that Python needs to call it; compiles faster.
- ``owner``: ``jit`` for functions that make arrays.
- ``inline``: pasted into the kernels that call it, before their types are known. A helper with
  one caller then costs no compile time of its own, which halves that of a deep kernel.
- ``pjit``: loops over ``prange`` run in parallel. A ``pjit`` kernel is called from Python only
  (it picks the serial build when one thread is set), with positional arguments. Give it whole
  C-contiguous arrays, since Numba does not vectorise over slices of unknown stride, and let the
  body of its ``prange`` be a call of one ``jit`` function: Numba makes array expressions in the
  body into parallel loops of their own, which for views of tuple members gave wrong results.
  A big kernel compiles in half the time when ``_share`` runs its parts instead.

Numba counts the references to an array at each slice of it, atomically, in memory that all threads
share: counting took up to half the time of a kernel on two threads. So only ``owner`` and ``pjit``
count; the others make no arrays, and return none unless they are ``inline``.

Floating-point flags leave out ``nnan`` and ``ninf``, so that nan and inf survive, and
``reassoc`` except in sums, since it deletes rounding tricks.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba import prange as prange
from numba.core import config, event, sigutils
from numba.core.caching import FunctionCache

from neonlike._logging import display
from neonlike.kernels.numba import _threads
from neonlike.kernels.numba._cache import cache_folder as cache_folder

F = TypeVar("F", bound=Callable[..., Any])

FAST = {"contract", "arcp", "nsz"}
FAST_SUM = FAST | {"reassoc"}

_threads.numba_is_loaded()
settings: Any = config  # its attributes are made at run time
logger = logging.getLogger(__name__)


class KernelCache(FunctionCache):
    """Numba's cache on disk, without its failures.

    Two processes that save the first kernels of one function at the same time may leave an index
    that leads to the other's code, so the signature is checked. Neither a damaged file nor a full
    disk stops a program: the kernel is compiled again.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            found = super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]  # Numba's
        except Exception as error:  # unpickling a damaged file can raise anything
            logger.warning("cannot read compiled code in %s: %s", self.cache_path, error)
            return None
        wanted, _ = sigutils.normalize_signature(sig)  # type: ignore[no-untyped-call]  # Numba's
        return found if found is not None and tuple(found.signature.args) == tuple(wanted) else None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]  # Numba's
        except OSError as error:
            logger.warning("cannot keep compiled code in %s: %s", self.cache_path, error)


def dispatcher(
    function: Callable[..., Any], flags: set[str] = FAST, *, counts: bool = False, **options: Any
) -> Any:
    """A Numba dispatcher for ``function`` that caches in :func:`cache_folder`.

    Only with ``counts`` it counts references, and can make arrays.
    """
    options |= {"error_model": "numpy", "fastmath": flags, "nogil": True, "_nrt": counts}
    build = numba.njit(**options)(function)
    configured = settings.CACHE_DIR
    settings.CACHE_DIR = cache_folder()  # read here only: other users' caches stay put
    try:
        cache: Any = KernelCache
        build._cache = cache(function)  # what enable_caching does
    finally:
        settings.CACHE_DIR = configured
    return build


def jit(function: F) -> F:
    """Compile ``function`` for one thread."""
    return cast(F, dispatcher(function))


def jit_sum(function: F) -> F:
    """Compile ``function`` for one thread; the compiler may reorder its sums."""
    return cast(F, dispatcher(function, FAST_SUM))


def inner(function: F) -> F:
    """Compile ``function`` for calls from other kernels only."""
    return cast(F, dispatcher(function, no_cpython_wrapper=True, no_cfunc_wrapper=True))


def owner(function: F) -> F:
    """Compile ``function``, which makes arrays, for one thread."""
    return cast(F, dispatcher(function, counts=True))


def inline(function: F) -> F:
    """Paste ``function`` into the kernels that call it."""
    return cast(F, dispatcher(function, inline="always"))


def pjit(function: F) -> F:
    """Compile ``function`` in a parallel build, and a serial one for use with one thread."""
    # Numba's cache tells builds apart by name only
    serial = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )
    serial.__qualname__ = f"{function.__qualname__}__serial"
    serial.__module__ = function.__module__
    builds = dispatcher(serial, counts=True), dispatcher(function, parallel=True, counts=True)

    @functools.wraps(function)
    def kernel(*args: Any) -> Any:
        return builds[_threads.get_num_threads() > 1](*args)

    return cast(F, kernel)


class _CompileLog(event.Listener):
    """Tells the user, once, that a pause is due to compiling."""

    told = False

    def on_start(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        if not str(function.__module__).startswith("neonlike."):
            return
        if not self.told:
            message = "compiling kernels for this CPU, once; they are kept in %s"
            display(logger, message, cache_folder())
            self.told = True
        logger.debug("compiling %s%s", function.__qualname__, event.data["args"])

    def on_end(self, event: Any) -> None:
        """Nothing to say."""


event.register("numba:compile", _CompileLog())  # type: ignore[no-untyped-call]  # Numba's
