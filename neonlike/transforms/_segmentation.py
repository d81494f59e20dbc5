"""Cost and metrics of pixel labelling: one class per pixel (spec zoo 5.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.transforms._cost import ALL_COLUMNS, Cost, Metric


class PixelwiseCrossEntropy(Cost):
    """Cross entropy of every pixel, weighted by its class, summed over the pixels of a picture.

    Outputs and targets are (nclass * H * W, N): a map per class, targets one-hot, all zero where a
    pixel does not count. The derivative is that of cost and ``PixelwiseSoftmax`` together:
    ``w (y - t)`` with the weight w of the pixel's class.

    Args:
        class_weights: one weight per class; None for 1. ``median_frequency_weights`` makes them.
        nclass: number of classes.

    Raises:
        ValueError: another number of weights than classes.
    """

    def __init__(self, class_weights: Any = None, nclass: int | None = None) -> None:
        if class_weights is not None:
            class_weights = [float(w) for w in np.ravel(class_weights)]
        if nclass is None or (class_weights is not None and len(class_weights) != nclass):
            raise ValueError(
                f"PixelwiseCrossEntropy needs nclass, and one weight per class if any: got "
                f"nclass={nclass}, class_weights={class_weights}"
            )
        super().__init__()
        self.class_weights = class_weights
        self.nclass = nclass
        self._shape: tuple[int, int] | None = None

    def __call__(self, y: Any, t: Any) -> Any:
        """Return the cost of each picture, an op-tree (1, N).

        Raises:
            ValueError: outputs and targets differ in shape, or have no whole number of maps.
        """
        self._prepare(y, t)
        return self.be.sum(-t * self._row_weights * self._log(y), axis=0)

    def bprop(self, y: Any, t: Any) -> Any:
        """Return w (y - t), of the shape of y."""
        self._prepare(y, t)
        maps = [x.reshape((self.nclass, -1)) for x in (y, t, self._gradient)]
        self._pixel_weights[:] = self.be.sum(maps[1] * self._weights, axis=0)
        maps[2][:] = (maps[0] - maps[1]) * self._pixel_weights
        return self._gradient

    def _prepare(self, y: Any, t: Any) -> None:
        """Make the buffers for tensors like ``y``."""
        if y.shape != t.shape or y.shape[0] % self.nclass:
            raise ValueError(
                f"PixelwiseCrossEntropy with {self.nclass} classes needs outputs and targets of "
                f"shape ({self.nclass} * height * width, batch size), got {y.shape} and {t.shape}"
            )
        if self._shape == y.shape:
            return
        self._shape = y.shape
        weights = np.ones(self.nclass) if self.class_weights is None else self.class_weights
        pixels = y.shape[0] // self.nclass
        self._weights = self.be.array(np.reshape(weights, (-1, 1)))
        self._row_weights = self.be.array(np.repeat(weights, pixels)[:, None])
        self._pixel_weights = self.be.empty((1, pixels * y.shape[1]))
        self._gradient = self.be.empty(y.shape)


def median_frequency_weights(
    labels: Any, nclass: int, void: int | None = None, present_only: bool = True
) -> NDArray[np.float64]:
    """Return class weights that make rare classes count as much as frequent ones.

    ``w_k = median(f) / f_k``, where f_k is the share of class k among the pixels of the pictures
    that contain it (``present_only``) or of all pictures. The void class gets 0, classes that do
    not occur too.

    Args:
        labels: integers (pictures, height, width).
        nclass: number of classes.
        void: class of pixels that do not count.
        present_only: see above.
    """
    labels = np.asarray(labels)
    counts = np.stack([np.bincount(one.ravel(), minlength=nclass)[:nclass] for one in labels])
    sizes = np.full(counts.shape, labels[0].size)
    pixels = np.where(counts > 0, sizes, 0).sum(axis=0) if present_only else sizes.sum(axis=0)
    total = counts.sum(axis=0)
    known = total > 0
    if void is not None:
        known[void] = False
    weights = np.zeros(nclass)
    frequencies = total[known] / pixels[known]
    weights[known] = np.median(frequencies) / frequencies
    return weights


class _PixelMetric(Metric):
    """Counts (true class, predicted class) pairs of pixels over a whole set."""

    def __init__(self, nclass: int, void: int | None, name: str) -> None:
        super().__init__()
        self.nclass = nclass
        self.void = void
        self.matrix = np.zeros((nclass, nclass), dtype=np.int64)
        self.metric_names = [name]

    def start_eval(self) -> None:
        """Set all counts to zero."""
        self.matrix.fill(0)

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Add the pictures in ``calcrange``; return the value over all that were added so far.

        Raises:
            ValueError: outputs or targets have no whole number of maps.
        """
        if y.shape != t.shape or y.shape[0] % self.nclass:
            raise ValueError(
                f"{type(self).__name__}({self.nclass}) needs outputs and one-hot targets of shape "
                f"({self.nclass} * height * width, batch size), got {y.shape} and {t.shape}"
            )
        maps = [x.asnumpyarray()[:, calcrange].reshape(self.nclass, -1) for x in (y, t)]
        predicted, true = (m.argmax(axis=0) for m in maps)
        counts = maps[1].any(axis=0)  # targets are zero where a pixel does not count
        if self.void is not None:
            counts &= true != self.void
        np.add.at(self.matrix, (true[counts], predicted[counts]), 1)
        return self.value()

    def end_eval(self, mean: Any) -> Any:
        """Return the value over the whole set."""
        return self.value()

    def value(self) -> float:
        """Return the value of the counts."""
        raise NotImplementedError


class PixelAccuracy(_PixelMetric):
    """Share of the pixels of a set that were labelled right.

    Args:
        nclass: number of classes.
        void: class of pixels that do not count.
    """

    def __init__(self, nclass: int, void: int | None = None) -> None:
        super().__init__(nclass, void, "PixelAccuracy")

    def value(self) -> float:
        """Return right pixels / pixels."""
        return float(np.trace(self.matrix) / max(self.matrix.sum(), 1))


class MeanIoU(_PixelMetric):
    """Mean over the classes of intersection / union, of a whole set.

    A class without pixels, true or predicted, does not count in the mean.

    Args:
        nclass: number of classes.
        void: class of pixels that do not count.
    """

    def __init__(self, nclass: int, void: int | None = None) -> None:
        super().__init__(nclass, void, "MeanIoU")

    def value(self) -> float:
        """Return the mean of ``class_iou``."""
        return float(np.nanmean(self.class_iou())) if self.matrix.any() else 0.0

    def class_iou(self) -> NDArray[np.float64]:
        """Return intersection / union of each class (nan where there is neither)."""
        both = np.diag(self.matrix)
        union = self.matrix.sum(axis=0) + self.matrix.sum(axis=1) - both
        iou = np.full(self.nclass, np.nan)
        np.divide(both, union, out=iou, where=union > 0)
        if self.void is not None:
            iou[self.void] = np.nan
        return iou
