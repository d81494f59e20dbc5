"""The layers of a single shot detector: normalized maps, and a tree that gathers its heads."""

import numpy as np
from detection.boxes import anchor_grid

from neonlike.initializers import Constant, Xavier
from neonlike.layers import BranchNode, Conv, Tree
from neonlike.layers.layer import ParameterLayer

OFFSETS = 4  # rows of a prior's outputs that tell its box; the others score the classes


class Normalize(ParameterLayer):
    """Divide the channels at every place by their length, then scale each: W x / |x|.

    Early maps have much larger values than later ones; so they can share a cost (Liu et al.,
    "ParseNet", arXiv 1506.04579).

    Args:
        init: of the scales W (channels, 1), 20 in the paper.
    """

    def configure(self, in_obj):
        """Keep the shape (channels, height, width)."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.weight_shape = (self.in_shape[0], 1)
        return self

    def allocate(self, shared_outputs=None, accumulate_updates=False):
        """Make the lengths at all places, too."""
        super().allocate(shared_outputs, accumulate_updates)
        self.length = self.be.empty((1, self.outputs.size // self.in_shape[0]))

    def fprop(self, inputs, inference=False):
        """Return the scaled directions."""
        self.inputs = inputs
        x, y = self._by_channel(inputs), self._by_channel(self.outputs)
        self.length[:] = self.be.sqrt(self.be.sum(x * x, axis=0) + 1e-10)
        y[:] = x / self.length * self.W
        return self.outputs

    def bprop(self, error, alpha=1.0, beta=0.0):
        """Return the deltas: the part of W error / |x| that is across x."""
        x, e = self._by_channel(self.inputs), self._by_channel(error)
        self.dW[:] = self.be.sum(e * x / self.length, axis=1)
        if self.deltas is None:
            return None
        along = self.be.empty(self.length.shape)
        along[:] = self.be.sum(e * self.W * x, axis=0) / (self.length * self.length)
        deltas = self._by_channel(self.deltas)
        deltas[:] = deltas * beta + (e * self.W - x * along) / self.length * alpha
        return self.deltas

    def _by_channel(self, tensor):
        return tensor.reshape((self.in_shape[0], -1))


def head(boxes, nclass):
    """Return the convolution that tells, for each of ``boxes`` priors at a place, box and class."""
    maps = boxes * (OFFSETS + nclass)
    return Conv((3, 3, maps), padding=1, init=Xavier(local=True), bias=Constant(0))


class SSD(Tree):
    """Heads on maps of several sizes; their outputs side by side, one column per prior box.

    The output is a sequence, buffer (4 + nclass, priors * N): the offsets of a prior's box, then
    the scores of its classes before the softmax.

    Args:
        layers: trunk and branches as of a Tree, each ending in a ``head``. The trunk has the
            coarsest map, the branches those before it, finest first.
        sizes: for each map, finest first, width and height of its priors in pixels.
        nclass: number of classes with the background.

    Attributes:
        priors: (A, 4) boxes in pixels, after ``configure``.
    """

    def __init__(self, layers, sizes, nclass, name=None):
        super().__init__(layers, name)
        self.sizes = sizes
        self.nclass = nclass
        self.rows = OFFSETS + nclass

    @classmethod
    def of_stages(cls, stages, sizes, nclass):
        """Return the network of lists of layers, each after the other, with a head on each.

        A stage that ends with a Normalize gives it to its head only.
        """
        trunk, branches = [], []
        for stage, shapes in zip(stages, sizes, strict=True):
            own = [layer for layer in stage if isinstance(layer, Normalize)]
            node = BranchNode()
            trunk += [layer for layer in stage if layer not in own] + [node]
            branches.append([node, *own, head(len(shapes), nclass)])
        _, *last = branches.pop()
        return cls([trunk[:-1] + last, *branches], sizes, nclass)

    def configure(self, in_obj):
        """Configure the tree and lay out the prior boxes."""
        super().configure(in_obj)
        trunk, *branches = self.layers
        self.heads = [*branches, trunk]
        grids = [
            self._grid(branch.out_shape, sizes)
            for branch, sizes in zip(self.heads, self.sizes, strict=True)
        ]
        self.priors = np.concatenate(grids)
        self.ends = np.cumsum([len(grid) for grid in grids]).tolist()
        self.out_shape = (self.rows, len(self.priors))
        return self

    def _grid(self, shape, sizes):
        """Return the priors (k * rows * columns, 4) of one map, in the order of its outputs."""
        _, height, width = self.in_shape
        maps, rows, columns = shape
        if maps != len(sizes) * self.rows:
            raise ValueError(
                f"{self.name}: a head for {len(sizes)} priors and {self.nclass} classes needs "
                f"{len(sizes) * self.rows} maps, got {maps}"
            )
        grid = anchor_grid(rows, columns, (height / rows, width / columns), sizes)
        return np.moveaxis(grid, 2, 0).reshape(-1, 4)

    def get_terminal(self):
        """Return the tree itself: its output is the gathered one."""
        return self

    def allocate(self, shared_outputs=None, accumulate_updates=False):
        """Allocate the tree, the gathered outputs, and an error for each head."""
        super().allocate(shared_outputs, accumulate_updates)
        self.gathered = self.be.iobuf(self.out_shape)
        self.errors = [self.be.iobuf(branch.out_shape) for branch in self.heads]

    def fprop(self, inputs, inference=False):
        """Return the gathered outputs of all heads."""
        trunk, *branches = super().fprop(inputs, inference)
        for part, output in zip(self._parts(self.gathered), [*branches, trunk], strict=True):
            part[:] = output.reshape(part.shape)
        self.outputs = self.gathered
        return self.outputs

    def bprop(self, error, alpha=1.0, beta=0.0):
        """Hand each head its part of the error, and return what the tree makes of it."""
        for own, part in zip(self.errors, self._parts(error), strict=True):
            own.reshape(part.shape)[:] = part
        *branches, trunk = self.errors
        return super().bprop([trunk, *branches], alpha, beta)

    def _parts(self, tensor):
        """Return the columns of each head, as views."""
        edges = [end * self.be.bsz for end in self.ends]
        return [tensor[:, a:b] for a, b in zip([0, *edges], edges, strict=False)]
