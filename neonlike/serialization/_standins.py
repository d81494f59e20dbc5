"""What a pickle gets for the globals it names: harmless stand-ins, turned into plain data later.

``BUILD`` lets a pickle set attributes on anything it holds. Therefore every
stand-in has a ``__setstate__`` (BUILD then does nothing else), and everything
that is not created anew for one file is immutable.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from typing import Any, Self

import numpy as np

_CODE = re.compile(r"[?biufcSUO]\d*")


class RefusedPickleError(pickle.UnpicklingError):
    """A pickle asks for something that is not plain data."""


class _Call:
    """A function a file may call; ``BUILD`` cannot change it."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> None:
        raise RefusedPickleError("it tries to change a function")


class _StandIn:
    """An object in the making; unhashable, so that it cannot hide in sets and keys."""

    __slots__ = ("state",)
    __hash__ = None  # type: ignore[assignment]  # the documented way to be unhashable

    def __init__(self, state: Any = None) -> None:
        self.state = state

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Dtype(_StandIn):
    """``numpy.dtype``: a code such as ``f4`` and, in the state, the byte order."""

    __slots__ = ("code",)

    def __init__(self, code: Any, *_: Any) -> None:
        super().__init__()
        self.code = code

    def real(self) -> np.dtype[Any]:
        code = self.code
        if not (isinstance(code, str) and _CODE.fullmatch(code)):
            raise RefusedPickleError(f"arrays of dtype {code!r} are not accepted")
        order: Any = "="
        if self.state is not None:
            _, order, *fields = self.state
            if any(field is not None for field in fields[:3]):
                raise RefusedPickleError("arrays of records are not accepted")
        if code[0] == "O":
            return np.dtype(object)
        return np.dtype(code).newbyteorder(order)


class _Array(_StandIn):
    """``numpy.ndarray``: state (version, shape, dtype, column-major?, content)."""

    __slots__ = ()

    def real(self, item: Callable[[Any], Any]) -> np.ndarray[Any, Any]:
        if self.state is None:
            raise RefusedPickleError("it holds an array without content")
        shape, dtype, fortran, content = self.state[-4:]
        dtype = dtype.real()
        if dtype.hasobject:
            array = np.empty(len(content), dtype)
            for index, value in enumerate(content):
                array[index] = item(value)
            return array.reshape(shape)
        if isinstance(content, str):  # Python 2
            content = content.encode("latin1")
        if math.prod(shape) * dtype.itemsize != len(content):
            raise ValueError(f"an array of shape {shape} has {len(content)} bytes of {dtype}")
        view: np.ndarray[Any, Any] = np.ndarray(
            shape, dtype, buffer=content, order="F" if fortran else "C"
        )
        return view.astype(dtype.newbyteorder("="), order="C")


class ObjectStandIn(_StandIn):
    """An object of neon's backends: its state is kept, its class is not needed."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> Self:
        self = super().__new__(cls)
        self.state = None  # pickles do not call __init__
        return self

    def __init__(self, *_: Any) -> None:
        super().__init__()

    @classmethod
    def named(cls, name: str) -> type[ObjectStandIn]:
        """Return a new class of that name; a file that tampers with it tampers with its own."""
        return type(name, (cls,), {"__slots__": ()})

    def real(self, item: Callable[[Any], Any]) -> Any:
        """Return the array of a tensor; other objects of the backend are not data."""
        if isinstance(self.state, dict) and isinstance(self.state.get("_tensor"), _Array):
            return item(self.state["_tensor"])
        raise RefusedPickleError(f"it holds an object of class {type(self).__name__}")


def _scalar(dtype: _Dtype, content: Any = b"") -> Any:
    real = dtype.real()
    if real.hasobject:
        return content
    if isinstance(content, str):
        content = content.encode("latin1")
    return np.ndarray((), real, buffer=content)[()]


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1", "iso-8859-1"):
        raise RefusedPickleError(f"it encodes text as {encoding}")
    return text.encode("latin1")


def _reconstruct(subtype: Any, *_: Any) -> _Array:
    if subtype is not _NDARRAY:
        raise RefusedPickleError("it holds a special kind of array")
    return _Array()


def _refuse(*_: Any) -> Any:
    raise RefusedPickleError("it creates an array by hand")


def _frombuffer(content: Any, dtype: _Dtype, shape: Any, order: str) -> _Array:
    return _Array((shape, dtype, order == "F", content))


def _instance(kind: Any, *_: Any) -> Any:
    """``copyreg._reconstructor``: protocols 0 and 1 of Python 2."""
    if isinstance(kind, type) and issubclass(kind, ObjectStandIn):
        return kind()
    raise RefusedPickleError(f"it holds an object of class {kind}")


_NDARRAY = _Call(_refuse)
_NUMBERS = "bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"

# the allow-list: immutable types of Python and NumPy, and stand-ins for functions
GLOBALS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _Call(_encode),
    ("builtins", "bytes"): _Call(lambda: b""),
    ("builtins", "complex"): complex,
    ("builtins", "dict"): dict,
    ("builtins", "float"): float,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "int"): int,
    ("builtins", "list"): list,
    ("builtins", "object"): object,
    ("builtins", "set"): set,
    ("builtins", "str"): str,
    ("builtins", "tuple"): tuple,
    ("collections", "OrderedDict"): dict,
    ("copyreg", "_reconstructor"): _Call(_instance),
    ("future.types.newdict", "newdict"): dict,
    ("future.types.newint", "newint"): int,
    ("future.types.newlist", "newlist"): list,
    ("future.types.newstr", "newstr"): str,
    **{("numpy", name): getattr(np, name) for name in _NUMBERS.split()},
    ("numpy", "dtype"): _Call(_Dtype),
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy.core.multiarray", "_reconstruct"): _Call(_reconstruct),
    ("numpy.core.multiarray", "scalar"): _Call(_scalar),
    ("numpy.core.numeric", "_frombuffer"): _Call(_frombuffer),
}


_REPLACED = (dict, list, tuple, _StandIn)


def plain(value: Any) -> Any:
    """Return ``value`` with every stand-in in its containers replaced by what it stands for."""
    return _Replacer().replace(value)


class _Replacer:
    """Each container is visited once, so shared content stays shared and cycles end."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}  # id -> (the object, kept alive; its result)

    def replace(self, value: Any) -> Any:
        if not isinstance(value, _REPLACED):
            return value
        if id(value) in self._done:
            return self._done[id(value)][1]
        self._done[id(value)] = value, value  # for cycles
        result = self._replace(value)
        self._done[id(value)] = value, result
        return result

    def _replace(self, value: Any) -> Any:
        if isinstance(value, dict):
            for key, item in value.items():
                value[key] = self.replace(item)
        elif isinstance(value, list):
            value[:] = [self.replace(item) for item in value]
        elif isinstance(value, tuple):
            items = [self.replace(item) for item in value]
            if any(new is not old for new, old in zip(items, value, strict=True)):
                return tuple(items)
        elif isinstance(value, _Dtype):
            return value.real()
        else:
            return value.real(self.replace)
        return value
