"""neon's path of the geometry of convolution and pooling."""

from neonlike.backends._geometry import ConvLayer as ConvLayer
from neonlike.backends._geometry import DeconvLayer as DeconvLayer
from neonlike.backends._geometry import PoolLayer as PoolLayer

__all__ = ["ConvLayer", "DeconvLayer", "PoolLayer"]
