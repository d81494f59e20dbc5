"""Metrics per class: PrecisionRecall (spec training 5) and ConfusionMatrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.transforms._cost import ALL_COLUMNS, Metric


class PrecisionRecall(Metric):
    """Precision and recall per class, averaged over classes.

    Args:
        num_classes: number of classes, the rows of outputs and targets.
        binarize: first replace the outputs, in place, by one-hot columns of their maxima.
        epsilon: added to the denominators.

    Attributes:
        outputs: (num_classes, 2) precision and recall per class, after a call.
        token_stats: (num_classes, 3) true positives, predicted and true positives.
    """

    def __init__(self, num_classes: int, binarize: bool = False, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.binarize = binarize
        self.epsilon = self.eps = epsilon
        self.outputs = self.be.empty((num_classes, 2))
        self.token_stats = self.be.empty((num_classes, 3))
        self.bin_buf = self.be.iobuf((1,), dtype=np.int32) if binarize else None
        self.metric_names = ["Precision", "Recall"]

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return (precision, recall), the means over classes; all columns count.

        Raises:
            ValueError: outputs and targets differ in shape, or are not of ``num_classes``.
        """
        self._check(y, t)
        if y.shape[0] != self.num_classes:
            raise ValueError(
                f"PrecisionRecall counts {self.num_classes} classes, got outputs of {y.shape[0]}"
            )
        be, stats = self.be, self.token_stats
        if self.bin_buf is not None:
            if self.bin_buf.shape[1] != y.shape[1]:
                self.bin_buf = be.empty((1, y.shape[1]), dtype=np.int32)
            self.bin_buf[:] = be.argmax(y, axis=0)
            y[:] = be.onehot(self.bin_buf, axis=0)
        stats[:, 0] = be.sum(y * t, axis=1)
        stats[:, 1] = be.sum(y, axis=1)
        stats[:, 2] = be.sum(t, axis=1)
        self.outputs[:, 0] = stats[:, 0] / (stats[:, 1] + self.eps)
        self.outputs[:, 1] = stats[:, 0] / (stats[:, 2] + self.eps)
        return self.outputs.asnumpyarray().mean(axis=0)


class ConfusionMatrix(Metric):
    """Counts of (true class, predicted class) pairs over a whole set.

    ``Model.eval(dataset, ConfusionMatrix(nclass))`` starts from zero and
    returns the accuracy per class; ``matrix`` then holds the counts. Outside
    of ``eval`` every call adds to ``matrix`` until ``start_eval`` clears it.

    Args:
        nclass: number of classes, the rows of outputs and (one-hot) targets.

    Attributes:
        matrix: int64 (nclass, nclass); row = true class, column = predicted class.
    """

    def __init__(self, nclass: int) -> None:
        super().__init__()
        self.nclass = nclass
        self.matrix = np.zeros((nclass, nclass), dtype=np.int64)
        self.metric_names = [f"Accuracy_class{k}" for k in range(nclass)]

    def start_eval(self) -> None:
        """Set all counts to zero."""
        self.matrix.fill(0)

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Add the columns in ``calcrange``; return the accuracy per class counted so far.

        Raises:
            ValueError: outputs or targets do not have nclass rows.
        """
        if y.shape[0] != self.nclass or t.shape[0] != self.nclass:
            raise ValueError(
                f"ConfusionMatrix({self.nclass}) needs outputs and one-hot targets with "
                f"{self.nclass} rows, got {y.shape} and {t.shape}"
            )
        predicted = y.asnumpyarray()[:, calcrange].argmax(axis=0)
        true = t.asnumpyarray()[:, calcrange].argmax(axis=0)
        np.add.at(self.matrix, (true, predicted), 1)
        return self.class_accuracy()

    def end_eval(self, mean: Any) -> Any:
        """Return the accuracy per class over the whole set."""
        return self.class_accuracy()

    def class_accuracy(self) -> np.ndarray:
        """Return the fraction of each class that was predicted right (nan for absent classes)."""
        total = self.matrix.sum(axis=1)
        return np.where(total > 0, np.diag(self.matrix) / np.maximum(total, 1), np.nan)
