"""neonlike: neon's deep-learning API on NumPy arrays and Numba kernels, for any CPU."""

from neonlike._logging import DISPLAY_LEVEL_NUM as DISPLAY_LEVEL_NUM
from neonlike._logging import display as display
from neonlike._logging import install as _install_logging
from neonlike._object import NervanaObject as NervanaObject
from neonlike._object import get_args as get_args
from neonlike.serialization._registry import load_class as load_class
from neonlike.version import VERSION as __version__

logger = _install_logging()

__all__ = [
    "DISPLAY_LEVEL_NUM",
    "NervanaObject",
    "__version__",
    "display",
    "get_args",
    "load_class",
    "logger",
]
