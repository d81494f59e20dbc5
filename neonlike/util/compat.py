"""Names that neon's scripts used to bridge Python 2 and 3."""

from __future__ import annotations

import pickle as pickle
from typing import IO, Any

from neonlike.serialization._objects import load_obj

PY3 = True
xrange = range

__all__ = ["PY3", "pickle", "pickle_load", "xrange"]


def pickle_load(filepath: IO[bytes]) -> Any:
    """Read a pickle from an open binary file, as ``util.persist.load_obj`` does."""
    return load_obj(filepath)
