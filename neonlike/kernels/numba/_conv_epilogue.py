"""What follows a convolution in place: bias, (leaky) ReLU or its derivative, sums of each map.

    out[k] += bias[k];  out = max(out, 0) + slope * min(out, 0);  bsum[k] = sum(out[k])
    brelu: out *= (source > 0) + slope * (source < 0)

``out`` and ``source`` are (K, rest), ``bias`` and ``bsum`` (K, 1). Source: spec backend 10.
"""

from __future__ import annotations

from neonlike.kernels.reference.conv import epilogue as epilogue
