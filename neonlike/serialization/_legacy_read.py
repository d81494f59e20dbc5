"""Read pickles of neon and of data sets without running anything they contain.

A pickle is a program; three walls keep a hostile one from doing anything:

1. before the C unpickler sees the file, its opcodes are walked: those that no
   honest file has are refused, and so are sizes that do not fit the file;
2. the file may name only the globals of an allow-list, and what it gets for
   them are stand-ins that neither run code nor can be changed by the file;
   NumPy's own (unchecked) unpickling functions are never called;
3. afterwards the stand-ins are replaced by plain arrays, checked one by one.

Source: spec util_cli_persistence 3.4, 3.6.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Collection
from typing import Any

from neonlike.serialization import _opcodes
from neonlike.serialization._standins import (
    GLOBALS,
    ObjectStandIn,
    RefusedPickleError,
    plain,
)

# persistent ids, the extension registry, out-of-band buffers, old-style instances
_REFUSED_OPCODES = frozenset(map(ord, "PQ\x82\x83\x84\x97\x98io"))
_PUT, _LONG_BINPUT = ord("p"), ord("r")
_CHECKED_OPCODES = _REFUSED_OPCODES | {_PUT, _LONG_BINPUT}
_BROKEN = (ValueError, TypeError, LookupError, EOFError, OverflowError, AttributeError)


def loads(data: bytes, source: str, allow: Collection[str] = ()) -> tuple[Any, int]:
    """Return the object in ``data`` and the number of bytes it took.

    Args:
        data: the file's content; text of Python 2 is decoded as latin-1.
        source: name of the file, for messages.
        allow: dotted names of the caller's own classes or functions. They are
            imported and run, so name some only for a file you trust.

    Raises:
        RefusedPickleError: the file asks for something outside the allow-list.
        pickle.UnpicklingError: the file is damaged or no pickle.
        AttributeError: an allowed class does not fit the file any more.
    """
    try:
        size = _check_opcodes(data)
        return plain(_Reader(io.BytesIO(data), allow).load()), size
    except RefusedPickleError as error:
        raise RefusedPickleError(f"{source} was refused, nothing in it was run: {error}") from None
    except AttributeError as error:
        if not allow:
            raise pickle.UnpicklingError(f"{source} cannot be read: {error}") from error
        raise AttributeError(
            f"{source} does not fit the classes of this program ({error}); "
            "the interface may have changed since it was written"
        ) from error
    except RecursionError:
        raise RefusedPickleError(f"{source} was refused: it is nested too deeply") from None
    except (*_BROKEN, pickle.UnpicklingError) as error:
        raise pickle.UnpicklingError(f"{source} cannot be read as a pickle: {error}") from error


def _check_opcodes(data: bytes) -> int:
    """Refuse opcodes that no honest file has; return the size of the pickle."""
    stop = 0
    for code, start, stop in _opcodes.walk(data, _CHECKED_OPCODES):
        if code in _REFUSED_OPCODES:
            raise RefusedPickleError(f"opcode {chr(code)!r} at byte {start} is not accepted")
        # honest files number the memo one by one; the C unpickler would allocate up to the index
        if code == _LONG_BINPUT:
            index = int.from_bytes(data[start + 1 : stop], "little")
        elif code == _PUT:
            index = int(data[start + 1 : stop])
        else:
            continue
        if index > start:
            raise RefusedPickleError(f"memo index {index} at byte {start} does not fit the file")
    return stop


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, allow: Collection[str]) -> None:
        super().__init__(file, encoding="latin1")
        self._allow = frozenset(allow)

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a global, or an allowed class of the caller."""
        module = _today(module)
        if f"{module}.{name}" in self._allow:
            return getattr(importlib.import_module(module), name)
        if module.startswith("neon.backends.") or module.startswith("numpy.random"):
            return ObjectStandIn.named(f"{module}.{name}")
        if (module, name) not in GLOBALS:
            raise RefusedPickleError(
                f"it asks for {module}.{name}, which is no plain data (if that is a class of "
                "your own and you trust the file, name it in load_obj(path, allow=[...]))"
            )
        if self._allow and module.startswith("numpy"):
            # code of the caller's classes sees the content and needs real arrays
            return getattr(importlib.import_module(module.replace(".core", "._core")), name)
        return GLOBALS[module, name]


def _today(module: str) -> str:
    """Map the module names of Python 2 and of all NumPy versions to one spelling."""
    if module == "copy_reg":
        return "copyreg"
    if module == "__builtin__":
        return "builtins"
    if module.startswith("numpy._core"):
        return module.replace("numpy._core", "numpy.core", 1)
    return module
