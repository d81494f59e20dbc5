"""Two Faster R-CNNs: a small one for pictures of 64 pixels, and that of the paper on VGG16.

A trunk of convolutions serves both parts (Ren et al., "Faster R-CNN", arXiv 1506.01497): the region
proposal network, which tells for each anchor of each place whether it shows an object and by how
much it must be moved; and the head, which looks at the proposed regions and tells class and box.
"""

from dataclasses import dataclass

from detection.boxes import anchor_sizes
from proposals import ProposalLayer, RegionPooling

from neonlike.initializers import Constant, Gaussian, Kaiming, Xavier
from neonlike.layers import (
    Affine,
    BranchNode,
    Conv,
    Dropout,
    GeneralizedCostMask,
    Multicost,
    Pooling,
    Tree,
)
from neonlike.transforms import (
    CrossEntropyMulti,
    PixelwiseSoftmax,
    Rectlin,
    SmoothL1Loss,
    Softmax,
)

RATIOS = (0.5, 1.0, 2.0)  # of height to width


@dataclass(frozen=True)
class Detector:
    """A network with what training needs to know about it.

    Attributes:
        layers: Tree with the outputs [[objectness, offsets], [classes, offsets]].
        proposals: its ``ProposalLayer``.
        samples: how many anchors and how many regions of a picture are trained.
        size: height and width of the pictures.
    """

    layers: Tree
    proposals: ProposalLayer
    samples: tuple[int, int]
    size: tuple[int, int]

    def cost(self):
        """Return the sum of the costs of all outputs, each the mean over its samples."""
        parts = []
        for count in self.samples:
            functions = CrossEntropyMulti(), SmoothL1Loss(sigma=3.0)
            parts.append(Multicost([GeneralizedCostMask(f, weights=1 / count) for f in functions]))
        return Multicost(parts)


def conv(maps, init, size=3, stride=1):
    """Return a convolution with bias and rectifier that keeps the size, but for the stride."""
    return Conv(
        (size, size, maps),
        strides=stride,
        padding=size // 2,
        init=init,
        bias=Constant(0),
        activation=Rectlin(),
    )


def proposal_network(maps, boxes, init):
    """Return the Tree that tells objectness and offsets of ``boxes`` anchors at each place."""
    node = BranchNode()
    plain = {"init": init, "bias": Constant(0)}
    objectness = Conv((1, 1, 2 * boxes), activation=PixelwiseSoftmax(c=2), **plain)
    return Tree([[conv(maps, init), node, objectness], [node, Conv((1, 1, 4 * boxes), **plain)]])


def head(units, nclass, init, keep=0.5):
    """Return the Tree that tells class and offsets of each region."""
    node = BranchNode()
    dense = [
        (Affine(units, init, bias=Constant(0), activation=Rectlin()), Dropout(keep))
        for _ in range(2)
    ]
    classes = Affine(nclass, Gaussian(scale=0.01), bias=Constant(0), activation=Softmax())
    offsets = Affine(4 * nclass, Gaussian(scale=0.001), bias=Constant(0))
    return Tree([[*dense, node, classes], [node, offsets]])


def detector(trunk, rpn, proposals, last, pooled=(7, 7), **facts):
    """Return the network of its parts; the head looks where the ``proposals`` are."""
    node = BranchNode()
    layers = Tree([[*trunk, node, rpn], [node, RegionPooling(proposals, pooled), last]])
    return Detector(layers, proposals, **facts)


def small(nclass):
    """Return the network for pictures of 64 x 64, to train from scratch.

    Args:
        nclass: number of classes with the background.
    """
    init = Kaiming(local=True)
    trunk = [
        *(conv(24, init, size=5, stride=2), conv(32, init), Pooling(2)),
        *(conv(64, init), conv(64, init)),
    ]
    sizes = anchor_sizes((12, 20, 32), RATIOS)
    rpn = proposal_network(64, len(sizes), Gaussian(scale=0.01))
    counts = {"regions": 64, "before": (600, 300), "after": (150, 64)}
    proposals = ProposalLayer(rpn, 4, sizes, **counts, least=4, border=16)
    last = head(128, nclass, Kaiming(local=False), keep=0.75)
    facts = {"samples": (64, 64), "size": (64, 64)}
    return detector(trunk, rpn, proposals, last, pooled=(5, 5), **facts)


def vgg16(nclass):
    """Return the network of the paper on VGG16, for pictures of 608 x 800.

    Args:
        nclass: number of classes with the background, 21 for PASCAL VOC.
    """
    init = Xavier(local=True)
    trunk = [conv(64, init), conv(64, init)]
    for maps, count in ((128, 2), (256, 3), (512, 3), (512, 3)):
        trunk += [Pooling(2), *(conv(maps, init) for _ in range(count))]
    sizes = anchor_sizes((128, 256, 512), RATIOS)
    rpn = proposal_network(512, len(sizes), Gaussian(scale=0.01))
    proposals = ProposalLayer(rpn, 16, sizes, regions=300)
    last = head(4096, nclass, Gaussian(scale=0.005))
    return detector(trunk, rpn, proposals, last, samples=(256, 128), size=(608, 800))
