"""Scripts written for neon: the import alias ``neon`` -> ``neonlike``, opt-in and for one process.

Example::

    import neonlike.compat
    neonlike.compat.install()
    from neon.layers import Affine   # the very class neonlike.layers.Affine
"""

from neonlike.compat._alias import install as install
from neonlike.compat._alias import installed as installed
from neonlike.compat._alias import uninstall as uninstall
from neonlike.compat._removed import reason as reason

__all__ = ["install", "installed", "reason", "uninstall"]
