"""Where objects may be: boxes that the region proposal network likes, and the map below them."""

import numpy as np
from detection.boxes import anchor_grid, clip, decode, nms

from neonlike.layers import Layer, RoiPooling

PLAIN = (1.0, 1.0, 1.0, 1.0)  # variances of offsets from anchors


class ProposalLayer(Layer):
    """Boxes that may hold objects: the anchors moved by their offsets, without near-doubles.

    The outputs (5, regions) are for ``RoiPooling``: picture, x0, y0, x1, y1, where x1 and y1 are
    within the last place of the map; zeros if there are fewer boxes. Boxes count as constants: no
    gradient flows through them.

    Args:
        rpn: Tree whose outputs are objectness (2 * A, 1), object after ground, and offsets
            (4 * A, 1) of the anchors.
        stride: pixels of the picture for one of the feature map.
        sizes: (k, 2) width and height of the anchors of each place.
        regions: number of columns of the outputs.
        before, after: number of boxes before and after doubles are removed, in training and in
            inference; in inference ``regions`` at most.
        overlap: intersection over union from which on two boxes are doubles.
        least: smallest width and height of a box.
        border: pixels by which an anchor that is trained may leave the picture.

    Attributes:
        anchors: (A, 4) boxes in pixels, after ``configure``.
        usable: bool (A,), which anchors are trained.
        size: height and width of the picture.
        targets: ``Targets`` that choose among the boxes, while there are any.
        boxes: (n, 4) the boxes of the last outputs.
    """

    def __init__(
        self, rpn, stride, sizes, regions, before=(12000, 6000), after=(2000, 300),
        overlap=0.7, least=16, border=0, name=None,
    ):  # fmt: skip
        super().__init__(name)
        self.rpn = rpn
        self.stride = stride
        self.sizes = sizes
        self.regions = regions
        self.before = before
        self.after = after[0], min(after[1], regions)
        self.overlap = overlap
        self.least = least
        self.border = border
        self.targets = None

    def configure(self, in_obj):
        """Lay anchors over the feature map."""
        super().configure(in_obj)
        _, rows, columns = self.in_shape
        self.size = height, width = rows * self.stride, columns * self.stride
        grid = anchor_grid(rows, columns, self.stride, self.sizes)
        self.anchors = np.moveaxis(grid, 2, 0).reshape(-1, 4)
        low, high = self.anchors[:, :2] + self.border, self.anchors[:, 2:] - self.border
        self.usable = ((low >= 0) & (high <= (width, height))).all(axis=1)
        self.out_shape = (5, self.regions)
        return self

    def fprop(self, inputs, inference=False):
        """Return the boxes to look at, made from the present outputs of the proposal network."""
        self.boxes = self.best(inference)
        if self.targets is not None:
            self.boxes = self.targets.choose(self.boxes, inference)
        rows = np.zeros((self.regions, 5))
        rows[: len(self.boxes), 1:] = self.boxes - [0, 0, self.stride, self.stride]
        self.outputs[:] = rows.T
        return self.outputs

    def best(self, inference=False):
        """Return the boxes (n, 4) that most likely hold objects, best first."""
        objectness, offsets = (part.asnumpyarray() for part in self.rpn.outputs)
        scores = objectness.reshape(2, -1)[1]
        order = np.argsort(-scores, kind="stable")[: self.before[inference]]
        offsets = offsets.reshape(4, -1).T[order]
        boxes = clip(decode(offsets, self.anchors[order], PLAIN), *reversed(self.size))
        large = (boxes[:, 2:] - boxes[:, :2] >= self.least).all(axis=1)
        boxes, scores = boxes[large], scores[order][large]
        return boxes[nms(self.be, boxes, scores, self.overlap, self.after[inference])]


class RegionPooling(RoiPooling):
    """``RoiPooling`` behind a branch node with the feature map; it gets the regions by itself.

    Args:
        proposals: the ``ProposalLayer``.
        HW: output size (h, w) of every region.
    """

    def __init__(self, proposals, HW=(7, 7), name=None):
        super().__init__(HW, spatial_scale=1 / proposals.stride, name=name)
        self.proposals = proposals

    def configure(self, in_obj):
        """Lay out the proposals for the feature map of the node."""
        super().configure([in_obj, self.proposals.configure(in_obj)])
        self.prev_layer = in_obj
        return self

    def allocate(self, shared_outputs=None):
        """Make the buffers of the proposals, too."""
        super().allocate(shared_outputs)
        self.proposals.allocate()

    def set_deltas(self, delta_buffers):
        """Share the deltas of the node."""
        self.deltas = self.prev_layer.deltas

    def fprop(self, inputs, inference=False):
        """Pool the proposed regions of the feature map."""
        return super().fprop((inputs, self.proposals.fprop(inputs, inference)), inference)

    def bprop(self, error, alpha=1.0, beta=0.0):
        """Add the gradient to that of the node's other branches."""
        own = super().bprop(error) * alpha
        self.deltas[:] = own + self.deltas * beta if beta else own
        return self.deltas

    def get_description(self, **kwargs):
        """Describe the layer without the proposals."""
        return super().get_description(skip=["proposals"], **kwargs)
