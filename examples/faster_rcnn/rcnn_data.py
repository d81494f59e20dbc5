"""Pictures one at a time, with the targets of a Faster R-CNN."""

from detection.batches import DetectionIterator, objects_of


class RegionIterator(DetectionIterator):
    """Pictures, and the targets and masks for their anchors and regions.

    Yields inputs (3 * H * W, 1) and the nested ``tensors`` of the targets. Those of the regions are
    set only while the network runs, when it knows where to look.

    Args:
        data, seed: as of ``DetectionIterator``.
        targets: ``Targets`` of the network.

    Raises:
        ValueError: the batch size is not 1.
    """

    def __init__(self, data, targets, seed=None, name=None):
        super().__init__(data, seed, name)
        self.targets = targets
        if self.be.bsz != 1:
            raise ValueError(
                f"Faster R-CNN looks at one picture at a time; use -z 1, got {self.be.bsz}"
            )

    def __iter__(self):
        for x, t in super().__iter__():
            self.targets.show(objects_of(t, 1)[0])
            yield x, self.targets.tensors
