"""Two single shot detectors: a small one for pictures of 64 pixels, and that of the paper.

Both follow the same plan (Liu et al., "SSD: Single Shot MultiBox Detector", arXiv 1512.02325): a
trunk as of VGG, whose first dense layer is a dilated convolution, then ever smaller maps, each with
a head for objects of its size.
"""

from ssd_layers import SSD, Normalize

from neonlike.initializers import Constant, Xavier
from neonlike.layers import Conv, Pooling
from neonlike.transforms import Rectlin

RATIOS = (1.0, 2.0, 0.5)  # of width to height
WIDE_RATIOS = (*RATIOS, 3.0, 1 / 3)


def prior_sizes(sides, ratios):
    """Return widths and heights: of squares with sides[0], of squares between both sides, and of
    boxes as large as the first with the other ratios."""
    low, high = sides
    between = (low * high) ** 0.5
    stretched = [[low * ratio**0.5, low / ratio**0.5] for ratio in ratios]
    return [stretched[0], [between, between], *stretched[1:]]


def small(nclass):
    """Return the network for pictures of 64 x 64, with batch normalization, to train from scratch.

    Args:
        nclass: number of classes with the background.
    """

    def conv(maps, size=3, stride=1, dilation=1):
        return Conv(
            (size, size, maps),
            strides=stride,
            padding=dilation * (size // 2),
            dilation=dilation,
            init=Xavier(local=True),
            batch_norm=True,
            activation=Rectlin(),
        )

    stages = [
        [conv(16), conv(16), Pooling(2), conv(32), conv(32), Pooling(2), conv(64), conv(64)],
        [
            Pooling(2),
            conv(64),
            Pooling(3, strides=1, padding=1),
            conv(128, dilation=2),
            conv(128, 1),
        ],
        [conv(64, 1), conv(128, stride=2)],
        [conv(64, 1), conv(128, stride=2)],
    ]
    sides = [10, 18, 28, 40, 50]
    sizes = [prior_sizes(pair, RATIOS) for pair in zip(sides, sides[1:], strict=False)]
    return SSD.of_stages(stages, sizes, nclass)


def vgg16(nclass):
    """Return the network for pictures of 300 x 300; needs ``compat_mode='caffe'``.

    Args:
        nclass: number of classes with the background, 21 for PASCAL VOC.
    """

    def conv(maps, size=3, stride=1, padding=None, dilation=1):
        return Conv(
            (size, size, maps),
            strides=stride,
            padding=dilation * (size // 2) if padding is None else padding,
            dilation=dilation,
            init=Xavier(local=True),
            bias=Constant(0),
            activation=Rectlin(),
        )

    def convs(maps, count):
        return [conv(maps) for _ in range(count)]

    pool = {"fshape": 2, "strides": 2}
    stages = [
        [
            *(*convs(64, 2), Pooling(**pool), *convs(128, 2), Pooling(**pool)),
            *(*convs(256, 3), Pooling(**pool), *convs(512, 3), Normalize(init=Constant(20.0))),
        ],
        [
            *(Pooling(**pool), *convs(512, 3), Pooling(3, strides=1, padding=1)),
            *(conv(1024, dilation=6), conv(1024, 1)),
        ],
        [conv(256, 1), conv(512, stride=2)],
        [conv(128, 1), conv(256, stride=2)],
        [conv(128, 1), conv(256, padding=0)],
        [conv(128, 1), conv(256, padding=0)],
    ]
    sides = [30, 60, 111, 162, 213, 264, 315]
    ratios = [RATIOS, WIDE_RATIOS, WIDE_RATIOS, WIDE_RATIOS, RATIOS, RATIOS]
    pairs = zip(sides, sides[1:], strict=False)
    sizes = [prior_sizes(pair, own) for pair, own in zip(pairs, ratios, strict=True)]
    return SSD.of_stages(stages, sizes, nclass)
