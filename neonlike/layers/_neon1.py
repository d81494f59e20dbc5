"""Names of neon 1.x."""

from __future__ import annotations

import warnings
from typing import Any

from neonlike.layers._pointwise import Dropout


def DropoutBinary(*args: Any, **kwargs: Any) -> Dropout:
    """Return ``Dropout(...)``, which has taken its place."""
    message = "DropoutBinary is a name of neon 1.x, write Dropout"
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return Dropout(*args, **kwargs)
