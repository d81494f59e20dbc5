"""Any object to a file and back, safely (spec util 2, 3)."""

from __future__ import annotations

import gzip
import os
import pickle
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from neonlike.serialization._atomic import atomic_write
from neonlike.serialization._legacy_read import loads
from neonlike.serialization._legacy_write import dumps


def save_obj(obj: Any, save_path: str | os.PathLike[str] | None) -> None:
    """Pickle ``obj`` to a file that neon can read too; an old file survives any failure.

    Type names of descriptions are written with neon's prefix, tensors as arrays.

    Args:
        obj: containers, numbers, arrays (model dictionaries), or any picklable object.
        save_path: ``~`` and variables are expanded, folders created; ``.gz``
            compresses. Nothing happens if it is None or empty.
    """
    if not save_path:
        return
    path = _expanded(save_path)
    content = dumps(obj)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, gzip.compress(content) if path.suffix == ".gz" else content)


def load_obj(load_path: str | os.PathLike[str] | IO[bytes], *, allow: Collection[str] = ()) -> Any:
    """Read a pickle of neon, neonlike or a data set; nothing in the file is run.

    Args:
        load_path: path (``.gz`` is unpacked) or a file opened for reading bytes.
        allow: dotted names of your own classes that the file may contain.
            Their code runs, so use it only with files you trust.

    Raises:
        pickle.UnpicklingError: the file is damaged, or (subclass
            ``RefusedPickleError``) asks for something that is not plain data.
        AttributeError: an allowed class has changed since the file was written.
    """
    if not isinstance(load_path, str | os.PathLike):
        return _load_from(load_path, allow)
    path = _expanded(load_path)
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return _load_from(file, allow)


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


def _load_from(file: Any, allow: Collection[str]) -> Any:
    name = str(getattr(file, "name", "the file"))
    seekable = file.seekable()
    start = file.tell() if seekable else 0
    try:
        content = file.read()
    except (EOFError, zlib.error) as error:
        raise pickle.UnpicklingError(f"{name} cannot be unpacked: {error}") from error
    obj, size = loads(content, name, allow)
    if seekable:
        file.seek(start + size)
    return obj


def _expanded(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.expandvars(path)).expanduser()
