"""neon's path of the geometry of convolution and pooling."""

from neonlike.backends._geometry import ConvLayer as ConvLayer
from neonlike.backends._geometry import DeconvLayer as DeconvLayer
from neonlike.backends._geometry import PoolLayer as PoolLayer
from neonlike.backends._windows import ceil_div as ceil_div

__all__ = ["ConvLayer", "DeconvLayer", "PoolLayer", "ceil_div"]
