"""Damaged, hostile and foreign files in the native format, by what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

NO = object()


def native(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header (a value, or text) and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def described(description: Any, tensors: Any = NO, data: bytes = b"", **metadata: Any) -> bytes:
    """A well-formed file with this description (a value, or text)."""
    text = description if isinstance(description, str) else json.dumps(description)
    facts = {"format": "neonlike", "version": "1", "description": text, **metadata}
    return native({"__metadata__": facts, **({} if tensors is NO else tensors)}, data)


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def tensor(**changes: Any) -> bytes:
    """A file with the tensor "a" of two float32, with something changed."""
    return described({"$tensor": "a"}, {"a": {**entry(), **changes}}, bytes(8))


HONEST = described({"a": {"$tensor": "a"}, "b": [1, {"$tuple": [2]}]}, {"a": entry()}, bytes(8))

DAMAGED: dict[str, tuple[bytes, str]] = {
    "only a length": (native({})[:8] + b"{", "ends after 9 bytes|JSON is broken"),
    "length beyond the end": (native(b"{}", length=1000), "header should go to 1008"),
    "length of a terabyte": (native(b"{" + b" " * 50, length=(1 << 40) - 1), "larger than"),
    "length 0": (native(b"{}", length=0), "JSON is broken"),
    "length 1": (native(b"{}", length=1), "JSON is broken"),
    "no JSON": (native(b"{oops}"), "JSON is broken"),
    "JSON that ends early": (native(b'{"a": '), "JSON is broken"),
    "JSON with more behind": (native(b"{} {}"), "JSON is broken"),
    "no UTF-8": (native(b'{"\xff\xfe": 1}'), "JSON is broken"),
    "key twice": (native(b'{"a": 1, "a": 2}'), "'a' appears twice"),
    "ten thousand keys twice": (
        native(b"{" + b", ".join(b'"k%d": 1' % (i // 2) for i in range(20_000)) + b"}"),
        "appears twice",
    ),
    "NaN": (native(b'{"a": NaN}'), "NaN is no JSON number"),
    "a number of a million digits": (native(b'{"a": ' + b"9" * 1_000_000 + b"}"), "digits"),
    "nested a million deep": (native(b'{"a": ' + b"[" * 1_000_000 + b"}"), "nested too deeply"),
    "objects nested a million deep": (native(b'{"a":' * 1_000_000), "nested too deeply"),
    "metadata that is a list": (native({"__metadata__": []}), "metadata do not map"),
    "metadata with numbers": (native({"__metadata__": {"a": 1}}), "metadata do not map"),
    "entry that is a number": (native({"a": 1}), "the entry of tensor 'a'"),
    "entry without shape": (native({"a": {"dtype": "F32"}}), "the entry of tensor 'a'"),
    "entry with more": (native({"a": {**entry(), "x": 1}}, bytes(8)), "the entry of tensor 'a'"),
    "unknown dtype": (tensor(dtype="F8_E4M3"), "dtype 'F8_E4M3', which is none of BOOL, U8"),
    "object dtype": (tensor(dtype="O"), "dtype 'O'"),
    "NumPy dtype": (tensor(dtype="<f4"), "dtype '<f4'"),
    "dtype that is a list": (tensor(dtype=["F32"]), "dtype \\['F32'\\]"),
    "negative shape": (tensor(shape=[-2]), "impossible shape"),
    "two negative shapes": (tensor(shape=[-1, -2]), "impossible shape"),
    "shape with a float": (tensor(shape=[2.0]), "impossible shape"),
    "shape with a bool": (tensor(shape=[True, 2]), "impossible shape"),
    "shape with text": (tensor(shape=["2"]), "impossible shape"),
    "shape that is a number": (tensor(shape=2), "impossible shape"),
    "shape too large": (tensor(shape=[1 << 62]), "needs \\d+ bytes"),
    "shape that overflows": (tensor(shape=[1 << 32, 1 << 32]), "needs \\d+ bytes"),
    "shape beyond any number": (tensor(shape=[1 << 70]), "impossible shape"),
    "large shape without elements": (
        tensor(shape=[0, 1 << 62, 1 << 62], data_offsets=[0, 0]),
        "tensor 'a'|0 bytes of data|header describes 0",
    ),
    "forty axes": (tensor(shape=[1] * 40), "impossible shape"),
    "offsets that are one": (tensor(data_offsets=[8]), "wrong offsets"),
    "offsets that are three": (tensor(data_offsets=[0, 4, 8]), "wrong offsets"),
    "offsets below 0": (tensor(data_offsets=[-8, 0]), "wrong offsets"),
    "offsets in the wrong order": (tensor(data_offsets=[8, 0]), "needs 8 bytes"),
    "offsets too narrow": (tensor(data_offsets=[0, 4]), "needs 8 bytes of F32, but has 4"),
    "data beyond the end": (described({}, {"a": entry()}, bytes(4)), "4 bytes of data"),
    "data far beyond the end": (
        described({}, {"a": entry("U8", [1 << 50], [0, 1 << 50])}, bytes(8)),
        "8 bytes of data",
    ),
    "data behind the last tensor": (described({}, {"a": entry()}, bytes(9)), "9 bytes of data"),
    "gap at the start": (
        described({}, {"a": entry(offsets=(8, 16))}, bytes(16)),
        "'a' leaves a gap",
    ),
    "gap in between": (
        described({}, {"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
        "'b' leaves a gap",
    ),
    "overlap": (
        described({}, {"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
        "'b' overlaps",
    ),
    "same place twice": (described({}, {"a": entry(), "b": entry()}, bytes(8)), "overlaps"),
    "truth value 2": (
        described({}, {"a": entry("BOOL", [2], [0, 2])}, b"\1\2"),
        "truth values that are not 0 or 1",
    ),
    "another program's file": (native({"a": entry()}, bytes(8)), "no description by neonlike"),
    "another program's metadata": (
        native({"__metadata__": {"format": "pt"}, "a": entry()}, bytes(8)),
        "no description by neonlike",
    ),
    "no description": (
        native({"__metadata__": {"format": "neonlike", "version": "1"}}),
        "no description by neonlike",
    ),
    "a newer version": (described({}, version="2"), "version '2' of the format"),
    "no version": (native({"__metadata__": {"format": "neonlike", "description": "1"}}), "None"),
    "description that is no JSON": (described("{"), "JSON is broken"),
    "description with NaN": (described("[NaN]"), "NaN is no JSON number"),
    "description with a key twice": (described('{"model": 1, "model": 2}'), "appears twice"),
    "description nested deeply": (described("[" * 200_000), "nested too deeply"),
    "a tensor that is missing": (described({"$tensor": "b"}), "a tensor 'b', which it lacks"),
    "a tensor named by a list": (described({"$tensor": ["a"]}), "a tensor \\['a'\\], which"),
    "unknown tag": (described({"$call": "os.system"}), "the key '\\$call'"),
    "tag with company": (described({"$tuple": [], "x": 1}), "the key '\\$tuple'"),
    "tuple of nothing": (described({"$tuple": 5}), "JSON is broken"),
    "dict with a list as key": (described({"$dict": [[[1], 2]]}), "JSON is broken"),
    "dict with a key twice": (described({"$dict": [[1, 2], [1, 3]]}), "appears twice"),
    "dict of numbers": (described({"$dict": [1, 2]}), "JSON is broken"),
    "scalar of an unknown type": (described({"$scalar": ["object", 1]}), "JSON is broken"),
    "scalar that does not fit": (described({"$scalar": ["int8", 300]}), "JSON is broken"),
    "scalar of the wrong kind": (described({"$scalar": ["float32", "1"]}), "JSON is broken"),
    "float that is none": (described({"$float": "1e5"}), "JSON is broken"),
    "float that is a list": (described({"$float": []}), "JSON is broken"),
    "bytes that are no base64": (described({"$bytes": "???"}), "JSON is broken"),
}
