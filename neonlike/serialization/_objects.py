"""Any object to a file and back, safely (spec util 2, 3)."""

from __future__ import annotations

import gzip
import io
import mmap
import os
import pickle
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, BinaryIO

from neonlike.serialization import _native
from neonlike.serialization._atomic import atomic_path
from neonlike.serialization._legacy_read import loads
from neonlike.serialization._legacy_write import dumps
from neonlike.serialization._tensor_file import (
    Array,
    DamagedFileError,
    looks_like_tensors,
    parse_tensors,
)

FilePath = str | os.PathLike[str]
PICKLE_SUFFIXES = frozenset({".prm", ".pkl", ".p", ".pickle"})
NATIVE_SUFFIX = ".safetensors"
_FOREIGN = {
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a zip archive, such as PyTorch, Keras and NumPy write",
    b"\x93NUMPY": "a NumPy array (read it with numpy.load)",
    b"\x89PNG": "a picture",
    b"\x1f\x8b": "compressed, but its name does not end in .gz",
    b"<": "a web page or XML document",
    b"version https://git-lfs": "the placeholder of a file in Git LFS (fetch it with git lfs pull)",
}
_HEAD = max(map(len, _FOREIGN))
UNPACKED_RATIO, UNPACKED_FREE = 200, 1 << 28


def save_obj(obj: Any, save_path: FilePath | None) -> None:
    """Write ``obj`` to a file; an old file survives any failure.

    A name that ends in ``.safetensors`` gets the native format (descriptions
    only: containers, text, numbers, arrays). Any other gets a pickle that neon
    can read too: type names of descriptions are written with neon's prefix,
    tensors as arrays.

    Args:
        obj: containers, numbers, arrays (model dictionaries), or any picklable object.
        save_path: ``~`` and variables are expanded, folders created; a further
            ``.gz`` compresses. Nothing happens if it is None or empty.
    """
    if save_path:
        _write(obj, _expanded(save_path), native=_suffix(save_path) == NATIVE_SUFFIX)


def save_model(description: Any, path: FilePath) -> None:
    """Write a model's description: native, or a pickle for names like neon's (.prm, .pkl, ...)."""
    _write(description, _expanded(path), native=_suffix(path) not in PICKLE_SUFFIXES)


def load_obj(
    load_path: FilePath | IO[bytes], *, allow: Collection[str] = (), mapped: bool = False
) -> Any:
    """Read a native file, or a pickle of neon, neonlike or a data set; nothing in it is run.

    The format is told by the content, not by the name.

    Args:
        load_path: path (``.gz`` is unpacked) or a file opened for reading bytes.
        allow: dotted names of your own classes that a pickle may contain.
            Their code runs, so use it only with files you trust.
        mapped: leave the arrays of a native file on disk: they are read-only
            and loaded as they are used. The file must not change meanwhile.

    Raises:
        pickle.UnpicklingError: the file is damaged or of another format
            (subclass ``DamagedFileError``), or asks for something that is not
            plain data (subclass ``RefusedPickleError``).
        AttributeError: an allowed class has changed since the file was written.
        TypeError: ``load_path`` is neither.
    """
    if not isinstance(load_path, str | os.PathLike):
        if not hasattr(load_path, "read"):
            raise TypeError(f"a path or a binary file is needed, got {type(load_path).__name__}")
        return _load_from(load_path, str(getattr(load_path, "name", "the file")), allow)
    path = _expanded(load_path)
    with path.open("rb") as file:
        if path.suffix == ".gz":
            return _load_from(io.BytesIO(_unpacked(file, str(path))), str(path), allow)
        if mapped and looks_like_tensors(file.peek(9)):
            return _native.loads(_mapped(file), str(path))
        return _load_from(file, str(path), allow)


def load_tensors(path: FilePath) -> dict[str, Array] | None:
    """Return the tensors of a safetensors file by another program, left on disk.

    None if the file is of another format, or has a description by neonlike.

    Raises:
        DamagedFileError: the file is damaged.
    """
    path = _expanded(path)
    with path.open("rb") as file:
        if path.suffix == ".gz" or not looks_like_tensors(file.peek(9)):
            return None
        tensors, metadata = parse_tensors(_mapped(file), str(path))
    return None if metadata.get("format") == _native.FORMAT else tensors


def serialize(
    model: Any,
    callbacks: Any = None,
    datasets: Any = None,
    dump_weights: bool = True,
    keep_states: bool = True,
) -> dict[str, Any]:
    """Describe a whole experiment: model with weights, callbacks, data set.

    Args:
        model: a ``Model``.
        callbacks: a ``Callbacks`` container.
        datasets: a ``Dataset``.
        dump_weights: ignored, as in neon.
        keep_states: include the optimizer's states.
    """
    description: dict[str, Any] = model.serialize(fn=None, keep_states=keep_states)
    if callbacks is not None:
        description["callbacks"] = callbacks.serialize()
    if datasets is not None:
        description["datasets"] = datasets.serialize()
    return description


def _write(obj: Any, path: Path, native: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_path(path) as temporary, _created(temporary, path.suffix == ".gz") as file:
            if native:
                _native.dump(obj, file)
            else:
                file.write(dumps(obj))
    except OSError as error:
        error.add_note(f"{path} was not written; if there was such a file, it is unharmed")
        raise


def _mapped(file: IO[bytes]) -> memoryview:
    """Return the content of a file, read as it is used; arrays that are views keep it open."""
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _created(path: Path, compressed: bool) -> BinaryIO:
    return gzip.open(path, "wb") if compressed else path.open("wb")  # type: ignore[return-value]  # a GzipFile does all of it


def _load_from(file: IO[bytes], name: str, allow: Collection[str]) -> Any:
    seekable = file.seekable()
    start = file.tell() if seekable else 0
    content = file.read()
    if looks_like_tensors(content[:9]):
        return _native.loads(bytearray(content), name)  # not bytes: arrays should be writable
    if foreign := _foreign(content[:_HEAD]):
        raise DamagedFileError(f"{name} is {foreign}, not a file of neon or neonlike")
    obj, size = loads(content, name, allow)
    if seekable:
        file.seek(start + size)
    return obj


def _foreign(head: bytes) -> str | None:
    """Name the format of a file that is certainly none of ours."""
    return next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)


def _unpacked(file: IO[bytes], name: str) -> bytes:
    """Return the unpacked content, unless it is so large that it can only be meant to harm."""
    limit = UNPACKED_FREE + UNPACKED_RATIO * os.fstat(file.fileno()).st_size
    try:
        with gzip.open(file) as packed:
            content = packed.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise pickle.UnpicklingError(f"{name} cannot be unpacked: {error}") from error
    if len(content) > limit:
        raise DamagedFileError(
            f"{name} unpacks to more than {limit} bytes, {UNPACKED_RATIO} times its size; if you "
            "trust it, unpack it with gunzip"
        )
    return content


def _suffix(path: FilePath) -> str:
    """Return the suffix that tells the format, in lower case; ``.gz`` does not count."""
    path = Path(path)
    return Path(path.stem if path.suffix == ".gz" else path).suffix.lower()


def _expanded(path: FilePath) -> Path:
    return Path(os.path.expandvars(path)).expanduser()
