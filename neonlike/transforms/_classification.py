"""Metrics of one-of-K classification (spec training 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.transforms._cost import ALL_COLUMNS, Metric


class LogLoss(Metric):
    """-log of the probability given to the true class (targets one-hot)."""

    def __init__(self) -> None:
        super().__init__()
        self.correctProbs = self.be.iobuf((1,))
        self.metric_names = ["LogLoss"]

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return the mean log loss over the columns in ``calcrange``."""
        self._check(y, t)
        self.correctProbs = self._columns(self.correctProbs, y)
        self.correctProbs[:] = -self._log(self.be.sum(y * t, axis=0))
        return self.correctProbs.asnumpyarray()[:, calcrange].mean()


class _ArgmaxMetric(Metric):
    """Compares the largest output with the largest target in each column (the first of equals).

    Attributes:
        outputs: result per column, (1, columns), after a call.
    """

    def __init__(self, name: str, steps: int = 1) -> None:
        super().__init__()
        self.preds = self.be.iobuf((1, steps))
        self.hyps = self.be.iobuf((1, steps))
        self.outputs = self.preds
        self.metric_names = [name]

    def _compare(self, preds: Any, hyps: Any) -> Any:
        raise NotImplementedError

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return the mean over the columns in ``calcrange``; results per column in ``outputs``."""
        self._check(y, t)
        self.preds = self._columns(self.preds, y)
        self.hyps = self._columns(self.hyps, y)
        self.preds[:] = self.be.argmax(y, axis=0)
        self.hyps[:] = self.be.argmax(t, axis=0)
        self.outputs = self.preds
        self.outputs[:] = self._compare(self.preds, self.hyps)
        return self.outputs.asnumpyarray()[:, calcrange].mean()


class Misclassification(_ArgmaxMetric):
    """Fraction of columns whose largest output is not at the true class.

    Args:
        steps: time steps of sequence outputs (buffers also adapt to the outputs by themselves).
    """

    def __init__(self, steps: int = 1) -> None:
        super().__init__("Top1Misclass", steps)
        self.steps = steps

    def _compare(self, preds: Any, hyps: Any) -> Any:
        return self.be.not_equal(preds, hyps)


class Accuracy(_ArgmaxMetric):
    """Fraction of columns whose largest output is at the true class."""

    def __init__(self) -> None:
        super().__init__("Accuracy")

    def _compare(self, preds: Any, hyps: Any) -> Any:
        return self.be.equal(preds, hyps)


class TopKMisclassification(Metric):
    """Log loss, top-1 and top-k misclassification together.

    An example whose true class ties with others at the edge of the top k
    counts with the fraction of ties that fit.

    Args:
        k: number of guesses allowed.
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.correctProbs = self.be.iobuf((1,))
        self.top1 = self.be.iobuf((1,))
        self.topk = self.be.iobuf((1,))
        self.metric_names = ["LogLoss", "Top1Misclass", f"Top{k}Misclass"]

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return means of log loss, top-1 and top-k error over the columns in ``calcrange``."""
        self._check(y, t)
        be = self.be
        for name in ("correctProbs", "top1", "topk"):
            setattr(self, name, self._columns(getattr(self, name), y))
        p = self.correctProbs
        p[:] = be.sum(y * t, axis=0)
        slots = self.k - be.sum(y > p, axis=0)
        equal = be.sum(be.equal(y, p), axis=0)
        self.topk[:] = 1.0 - (slots > 0) * (
            (equal <= slots) * (1.0 - slots / equal) + slots / equal
        )
        self.top1[:] = 1.0 - be.equal(be.max(y, axis=0), p) / equal
        p[:] = -self._log(p)
        buffers = (p, self.top1, self.topk)
        return np.array([b.asnumpyarray()[:, calcrange].mean() for b in buffers])
