"""Assignment across dtypes, as in C: truncation, and wrap-around of integers (spec 4.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cast_into(source: NDArray[Any], out: NDArray[Any]) -> None:
    """Copy ``source``, broadcast, into ``out`` of any dtype.

    Raises:
        ValueError: the shapes do not fit.
    """
    if out.dtype.kind in "iu" and source.dtype.kind == "f":
        # through int64, where the wrap-around of the narrower types is defined
        source = source.astype(np.int64)
    np.copyto(out, source, casting="unsafe")


def fill_with(out: NDArray[Any], number: Any) -> None:
    """Set every element of ``out`` to a Python number."""
    if out.dtype.kind in "iu":
        number = np.asarray(number).astype(np.int64)
    np.copyto(out, number, casting="unsafe")
