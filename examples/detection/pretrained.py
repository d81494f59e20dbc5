"""Start from a network that knows photos: VGG16, trained to name what is in those of ImageNet."""

import numpy as np

from neonlike.layers import Convolution
from neonlike.util.persist import load_obj

MEANS = np.array([103.939, 116.779, 123.68])  # of blue, green and red in ImageNet


def load_trunk(network, path):
    """Copy the convolutions of a saved network, in their order, to the first of a detector.

    The saved network, such as neon's VGG16, takes blue, green and red from 0 to 255 less their
    means, the detector red, green and blue from -0.5 to 0.5: the first layer is converted.

    Args:
        network: the Tree of the detector, with weights; the convolutions of its trunk have a bias.
        path: of the saved network.

    Raises:
        AssertionError: a convolution has other sizes.
        ValueError: the saved network has more convolutions than the detector, or none.
    """
    saved = network.fusion_pass(load_obj(path)["model"]["config"]["layers"])
    saved = [one for one in saved if isinstance(one, list) or "Convolution" in one["type"]]
    own = [layer for layer in network.layers[0].layers if isinstance(layer, Convolution)]
    if not 0 < len(saved) <= len(own):
        raise ValueError(
            f"{path}: has {len(saved)} convolutions, expected 1 to {len(own)}, the number in the "
            "trunk of the detector"
        )
    for layer, config in zip(own, saved, strict=False):
        layer.load_weights(config, load_states=False)
    _convert_colours(own[0])


def _convert_colours(layer):
    """Let a convolution of (blue, green, red) - MEANS take (red, green, blue) / 255 - 0.5."""
    weights = layer.W.get()
    planes = weights.reshape(3, -1, weights.shape[1])
    layer.W[:] = 255 * planes[::-1].reshape(weights.shape)
    shift = np.einsum("c,ctk->k", 127.5 - MEANS, planes)
    layer.weight_bias[:] = layer.weight_bias.get() + shift[:, None]
