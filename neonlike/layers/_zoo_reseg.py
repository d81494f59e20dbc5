"""ReSeg: a class for every pixel, from recurrent sweeps (spec zoo 5.2)."""

from __future__ import annotations

from typing import Any

from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers._compound import Conv, Deconv
from neonlike.layers._renet import ReNet
from neonlike.transforms.activation import PixelwiseSoftmax, Rectlin


def ReSeg(
    nclass: int,
    renet_sizes: Any = (100, 100),
    patch: Any = ((1, 1), (1, 1)),
    up_filters: Any = (50, 50),
    cell: str = "gru",
    init: Any = None,
) -> list[Any]:
    """Return the layers behind a stack of convolutions: sweeps, upsampling, classes.

    ``ReNet`` layers see the whole picture from every point; transposed convolutions double the
    size of the maps, once per entry of ``up_filters``; a 1x1 convolution and a softmax over the
    classes answer for every pixel. The cost is ``PixelwiseCrossEntropy``.

    Source: Visin et al., "ReSeg: A Recurrent Neural Network-based Model for Semantic
    Segmentation", arXiv 1511.07053.

    Args:
        nclass: number of classes.
        renet_sizes: units per direction of each ReNet.
        patch: (height, width) of the patches of each ReNet.
        up_filters: maps of each transposed convolution.
        cell: of the ReNets.
        init: initializer of all weights, GlorotUniform by default.

    Raises:
        ValueError: another number of patches than ReNets.
    """
    if len(patch) != len(renet_sizes):
        raise ValueError(
            f"ReSeg: expected one patch per ReNet ({len(renet_sizes)}), got {len(patch)}: {patch}"
        )
    init = GlorotUniform() if init is None else init
    bias: dict[str, Any] = {"init": init, "bias": Constant(0)}
    return [
        *(ReNet(n, init, patch=p, cell=cell) for n, p in zip(renet_sizes, patch, strict=True)),
        *(Deconv((2, 2, n), strides=2, activation=Rectlin(), **bias) for n in up_filters),
        Conv((1, 1, nclass), activation=PixelwiseSoftmax(c=nclass), **bias),
    ]
