"""Neonlike's own format: arrays in the layout of safetensors, everything else as JSON.

The metadata of the file hold ``format``, ``version`` and ``description``, a
JSON document. What JSON lacks is an object with one key that starts with "$":

=============  ====================================  ===========================
``$tensor``    name of a tensor of the file          array
``$tuple``     list                                  tuple
``$scalar``    [dtype, value]                        NumPy scalar
``$float``     "nan", "inf", "-inf"                  float
``$bytes``     base64                                bytes
``$dict``      list of [key, value]                  dict with other keys
=============  ====================================  ===========================

Only these exist, so reading a file runs nothing.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

from neonlike.serialization._tensor_file import (
    METADATA,
    Array,
    Buffer,
    DamagedFileError,
    parse_json,
    parse_tensors,
    shown,
    storable,
    write_tensors,
)

FORMAT, VERSION = "neonlike", 1
_SCALAR_NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
_SCALARS: dict[str, Callable[[Any], Any]] = {
    name: getattr(np, name) for name in _SCALAR_NAMES.split()
}
_KINDS: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float}


def dump(obj: Any, file: BinaryIO) -> None:
    """Write a description: containers, text, numbers, arrays, tensors.

    Raises:
        TypeError: it holds something else; the message tells where.
        ValueError: it is nested too deeply, contains itself, or is too large.
    """
    encoder = _Encoder()
    try:
        text = json.dumps(encoder.encode(obj, ()), separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise ValueError("the description is nested too deeply, or contains itself") from None
    metadata = {"format": FORMAT, "version": str(VERSION), "description": text}
    write_tensors(file, encoder.tensors, metadata)


def loads(data: Buffer, source: str) -> Any:
    """Return the description in ``data``; its arrays are views of ``data``.

    Args:
        data: the whole file.
        source: name of the file, for messages.

    Raises:
        DamagedFileError: the file is damaged, or not of this format.
    """
    tensors, metadata = parse_tensors(data, source)
    if metadata.get("format") != FORMAT or "description" not in metadata:
        raise DamagedFileError(
            f"{source} holds {len(tensors)} tensors but no description by neonlike: another "
            "program wrote it; build the network in a script and copy the tensors into its layers"
        )
    if metadata.get("version") != str(VERSION):
        raise DamagedFileError(
            f"{source} has version {shown(metadata.get('version'))} of the format, this neonlike "
            f"reads version {VERSION}: install the neonlike that wrote it, or a newer one"
        )
    try:
        return parse_json(metadata["description"], _Decoder(tensors).decode)
    except DamagedFileError as error:
        raise DamagedFileError(f"{source} cannot be read: {error}") from None


class _Encoder:
    """Turns a description into what JSON knows, and collects its arrays."""

    def __init__(self) -> None:
        self.tensors: dict[str, Array] = {}

    def encode(self, value: Any, path: tuple[str, ...]) -> Any:
        if hasattr(value, "asnumpyarray"):
            value = value.asnumpyarray()
        if isinstance(value, np.ndarray):
            return {"$tensor": self._add(value, path)}
        if isinstance(value, Mapping):
            return self._mapping(value, path)
        if isinstance(value, list | tuple):
            items = [self.encode(item, (*path, str(i))) for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"$tuple": items}
        return _leaf(value, path)

    def _mapping(self, value: Mapping[Any, Any], path: tuple[str, ...]) -> Any:
        items = [(key, self.encode(item, (*path, str(key)))) for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return dict(items)
        return {"$dict": [[self.encode(key, (*path, "key")), item] for key, item in items]}

    def _add(self, array: Array, path: tuple[str, ...]) -> str:
        if not storable(array):
            raise TypeError(
                f"{_place(path)} is an array of dtype {array.dtype}, which the format cannot hold"
            )
        name = ".".join(path) or "array"
        while name in self.tensors or name == METADATA:  # as for {"a.b": x, "a": {"b": y}}
            name += "~"
        self.tensors[name] = array
        return name


def _leaf(value: Any, path: tuple[str, ...]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, np.generic) and value.dtype.name in _SCALARS:
        plain = _KINDS[value.dtype.kind](value)
        return {"$scalar": [value.dtype.name, _leaf(plain, path)]}
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(
        f"{_place(path)} is of type {type(value).__name__}, which the format cannot hold: only "
        "numbers, text, lists, tuples, dicts and arrays can be saved"
    )


def _place(path: tuple[str, ...]) -> str:
    return f"the entry {'.'.join(path)!r}" if path else "the object"


class _Decoder:
    """Turns each JSON object back, innermost first."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self._tensors = tensors
        self._tags: dict[str, Callable[[Any], Any]] = {
            "$tensor": self._tensor,
            "$tuple": _tuple,
            "$scalar": _scalar,
            "$float": lambda text: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text],
            "$bytes": lambda text: base64.b64decode(text, validate=True),
            "$dict": _dict,
        }

    def decode(self, value: dict[str, Any]) -> Any:
        tag = next((key for key in value if key.startswith("$")), None)
        if tag is None:
            return value
        if len(value) != 1 or tag not in self._tags:
            raise DamagedFileError(f"its description has an object with the key {shown(tag)}")
        return self._tags[tag](value[tag])

    def _tensor(self, name: Any) -> Array:
        if not isinstance(name, str) or name not in self._tensors:
            raise DamagedFileError(
                f"its description asks for a tensor {shown(name)}, which it lacks"
            )
        return self._tensors[name]


def _tuple(items: Any) -> tuple[Any, ...]:
    if not isinstance(items, list):
        raise TypeError("a tuple is no list")
    return tuple(items)


def _dict(pairs: Any) -> dict[Any, Any]:
    if not isinstance(pairs, list):
        raise TypeError("a dict is no list of pairs")
    found = {key: value for key, value in pairs}
    if len(found) != len(pairs):
        raise DamagedFileError("a key of its description appears twice")
    return found


def _scalar(parts: Any) -> Any:
    name, value = parts
    make = _SCALARS[name]
    if type(value) is not _KINDS[np.dtype(name).kind]:
        raise TypeError(f"{shown(value)} is no {name}")
    with np.errstate(over="ignore"):  # a float16 too large is infinite, as in NumPy
        return make(value)
