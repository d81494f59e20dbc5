"""What neon's scripts may import and neonlike does not have, and what to do instead."""

from __future__ import annotations

import re

GPU = "neonlike runs on CPUs and has no GPU backend; use gen_backend('cpu')"
LOADER = (
    "neon's media loader is gone; use neonlike.data.aeon_shim.AeonDataLoader with a manifest or a "
    "folder of images"
)

# modules, by a pattern of their dotted path below the package
MODULES = (
    (r"backends\.\w*(gpu|cuda)\w*", GPU),
    (r"data\.\w*loader\w*", LOADER),
)


def reason(path: str) -> str | None:
    """Return in one sentence why a module of neon does not exist, None if nothing is known.

    Args:
        path: dotted path without the package, such as ``"backends.nervanagpu"``.
    """
    for pattern, sentence in MODULES:
        if re.match(rf"{pattern}(\.|$)", path):
            return sentence
    return None
