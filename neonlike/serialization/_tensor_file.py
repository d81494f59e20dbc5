"""Named arrays in one file, in the layout of safetensors: 8-byte length, JSON header, raw data.

The header maps each name to ``{"dtype", "shape", "data_offsets"}``; the entry
``__metadata__`` maps strings to strings. The data lie without gaps behind it.
Whatever a file says is checked before memory is touched.
"""

from __future__ import annotations

import json
import math
import pickle
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

Array = np.ndarray[Any, Any]
Buffer = bytes | bytearray | memoryview

DTYPES = {
    name: np.dtype(code)
    for name, code in {
        "BOOL": "?",
        "U8": "u1",
        "I8": "i1",
        "U16": "<u2",
        "I16": "<i2",
        "F16": "<f2",
        "U32": "<u4",
        "I32": "<i4",
        "F32": "<f4",
        "U64": "<u8",
        "I64": "<i8",
        "F64": "<f8",
    }.items()
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
METADATA = "__metadata__"
MAX_HEADER = 1 << 24  # JSON takes some thirty times its size in memory
ENTRY_KEYS = {"dtype", "shape", "data_offsets"}


class DamagedFileError(pickle.UnpicklingError):
    """A file is cut off, corrupted or of another format.

    A subclass of ``UnpicklingError``, so that callers of ``load_obj`` have one
    type to catch, whatever the format of the file.
    """


def looks_like_tensors(head: bytes) -> bool:
    """Tell whether a file that starts with ``head`` (9 bytes or more) has this layout."""
    return head[5:9] == b"\0\0\0{"  # header below 2**40 bytes; no pickle starts so


def storable(array: Array) -> bool:
    """Tell whether the layout has a name for the array's dtype."""
    return array.dtype.newbyteorder("<") in NAMES


def write_tensors(
    file: BinaryIO, tensors: Mapping[str, Array], metadata: Mapping[str, str]
) -> None:
    """Write arrays of the dtypes in ``DTYPES``; the widest come first, so that all are aligned.

    Raises:
        ValueError: the header would be larger than readers accept.
    """
    order = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    header: dict[str, Any] = {METADATA: dict(metadata)}
    end = 0
    for name in order:
        array = tensors[name]
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode("ascii")
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(
            f"the description takes {len(text)} bytes, the format allows {MAX_HEADER}: keep large "
            "content in arrays, or save to a .prm file"
        )
    file.write(len(text).to_bytes(8, "little") + text)
    for name in order:
        array = tensors[name]
        little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
        file.write(little.reshape(-1).view(np.uint8).data)


def parse_tensors(data: Buffer, source: str) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays, which are views of ``data``, and the metadata.

    Args:
        data: the whole file, also memory-mapped.
        source: name of the file, for messages.

    Raises:
        DamagedFileError: anything in the file does not fit.
    """
    try:
        header, start = _header(data)
        metadata = _metadata(header.pop(METADATA, {}))
        entries = {name: _entry(name, value) for name, value in header.items()}
        _check_layout(entries, len(data) - start)
        arrays = {name: _view(data, start, name, entry) for name, entry in entries.items()}
    except DamagedFileError as error:
        raise DamagedFileError(f"{source} cannot be read: {error}") from None
    return arrays, metadata


def parse_json(text: str | bytes, decode: Any = None) -> Any:
    """Parse strict JSON: no key twice in an object, no NaN, not nested too deeply.

    Args:
        text: the document.
        decode: called with each object (as dict); its result takes the place.

    Raises:
        DamagedFileError: the text is no such JSON, or ``decode`` cannot use it.
    """

    def pairs(items: list[tuple[str, Any]]) -> Any:
        found = dict(items)
        if len(found) != len(items):
            counts = Counter(key for key, _ in items)
            raise DamagedFileError(f"the key {shown(counts.most_common(1)[0][0])} appears twice")
        return found if decode is None else decode(found)

    def refuse(constant: str) -> Any:
        raise DamagedFileError(f"{constant} is no JSON number")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=refuse)
    except DamagedFileError:
        raise
    except RecursionError:
        raise DamagedFileError("its JSON is nested too deeply") from None
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise DamagedFileError(f"its JSON is broken ({error})") from error


def shown(value: Any) -> str:
    """Return a short representation for a message, whatever a file contains."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _header(data: Buffer) -> tuple[dict[str, Any], int]:
    """Return the parsed header and where the data begin."""
    if len(data) < 8:
        raise DamagedFileError(f"it ends after {len(data)} bytes, before the header")
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER:
        raise DamagedFileError(f"its header of {length} bytes is larger than {MAX_HEADER}")
    if 8 + length > len(data):
        raise DamagedFileError(
            f"it ends after {len(data)} bytes, but its header should go to {8 + length}"
        )
    header = parse_json(bytes(data[8 : 8 + length]))
    if not isinstance(header, dict):
        raise DamagedFileError("its header is no JSON object")
    return header, 8 + length


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise DamagedFileError("its metadata do not map strings to strings")
    return value


Entry = tuple[np.dtype[Any], list[int], int, int]


def _entry(name: str, value: Any) -> Entry:
    """Check the header's words on one array: dtype, shape, begin, end."""
    if not isinstance(value, dict) or value.keys() != ENTRY_KEYS:
        raise DamagedFileError(f"the entry of tensor {shown(name)} is not dtype, shape, offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise DamagedFileError(
            f"tensor {shown(name)} has the dtype {shown(dtype)}, which is none of "
            f"{', '.join(DTYPES)}"
        )
    if not _are_sizes(shape) or len(shape) > 32:
        raise DamagedFileError(f"tensor {shown(name)} has the impossible shape {shown(shape)}")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise DamagedFileError(f"tensor {shown(name)} has the wrong offsets {shown(offsets)}")
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if offsets[1] - offsets[0] != size:
        raise DamagedFileError(
            f"tensor {shown(name)} of shape {shown(shape)} needs {size} bytes of {dtype}, but has "
            f"{offsets[1] - offsets[0]}"
        )
    return DTYPES[dtype], shape, offsets[0], offsets[1]


def _are_sizes(value: Any) -> bool:
    """Tell whether this is a list of ints from 0 on, none a bool, none beyond 63 bits."""
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in value)


def _check_layout(entries: Mapping[str, Entry], size: int) -> None:
    """Refuse overlaps, gaps, and data beyond or short of the end."""
    position = 0
    for name, begin, end in _in_file_order(entries):
        if begin != position:
            what = "overlaps the one before it" if begin < position else "leaves a gap before it"
            raise DamagedFileError(f"tensor {shown(name)} {what}, at byte {begin} of the data")
        position = end
    if position != size:
        raise DamagedFileError(f"it has {size} bytes of data, its header describes {position}")


def _in_file_order(entries: Mapping[str, Entry]) -> Iterator[tuple[str, int, int]]:
    for name in sorted(entries, key=lambda name: entries[name][2:]):
        yield name, *entries[name][2:]


def _view(data: Buffer, start: int, name: str, entry: Entry) -> Array:
    dtype, shape, begin, end = entry
    try:
        flat: Array = np.frombuffer(data, np.uint8, end - begin, start + begin)
        if dtype.kind == "b" and flat.size and flat.max() > 1:
            raise DamagedFileError(f"tensor {shown(name)} has truth values that are not 0 or 1")
        return flat.view(dtype).reshape(shape)
    except ValueError as error:  # a shape with a zero can still be too large for NumPy
        raise DamagedFileError(f"tensor {shown(name)}: {error}") from error
