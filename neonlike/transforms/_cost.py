"""``Cost`` and ``Metric``: bases of cost functions and metrics (spec training 4, 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike._object import NervanaObject

ALL_COLUMNS = slice(0, None)
LEAST_HALF = 2.0**-24  # the smallest positive number of float16


class Cost(NervanaObject):
    """A cost function of outputs y and targets t, both (features, columns).

    Subclasses override ``__call__`` and ``bprop``, or give ``func`` and
    ``funcgrad`` (methods or attributes) with the same arguments. A cost layer
    (``GeneralizedCost``) averages over columns; the division of gradients by
    the batch size is left to the optimizer.
    """

    func: Any
    funcgrad: Any

    def __call__(self, y: Any, t: Any) -> Any:
        """Return one value per column, as an op-tree of shape (1, columns)."""
        return self.func(y, t)

    def bprop(self, y: Any, t: Any) -> Any:
        """Return the derivative with respect to y, as an op-tree of the shape of y."""
        return self.funcgrad(y, t)

    def _log(self, p: Any) -> Any:
        """Return the logarithm of probabilities as an op-tree, finite where they are 0."""
        if self.be.default_dtype is np.float16:
            p = self.be.maximum(p, LEAST_HALF)  # the floor of safelog is 0 there
        return self.be.safelog(p)


class Metric(Cost):
    """A quality measure of outputs y against targets t.

    A call ``metric(y, t, calcrange=slice(0, n))`` returns a number, or a small
    array with one value per entry of ``metric_names``: the mean over the
    columns in ``calcrange``. ``Model.eval`` averages the calls of all batches,
    weighted by their number of columns.
    """

    metric_names: list[str]

    def __call__(self, y: Any, t: Any, calcrange: slice = ALL_COLUMNS) -> Any:
        """Return the mean value over the columns in ``calcrange``."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(y, t, calcrange)")

    def start_eval(self) -> None:
        """Called by ``Model.eval`` before the first batch; clears what accumulates over a set."""

    def end_eval(self, mean: Any) -> Any:
        """Called by ``Model.eval`` after the last batch; returns the result of the evaluation.

        Args:
            mean: weighted mean of the values of all batches.
        """
        return mean

    def _check(self, y: Any, t: Any) -> None:
        """Compare the numbers of classes.

        Raises:
            ValueError: outputs and targets have different ones.
        """
        if y.shape != t.shape:
            raise ValueError(
                f"{type(self).__name__}: outputs of shape {tuple(y.shape)} do not fit one-hot "
                f"targets of shape {tuple(t.shape)}; check nout of the last layer, and nclass and "
                "make_onehot of the data iterator"
            )

    def _columns(self, buffer: Any, y: Any) -> Any:
        """Return ``buffer``, or a new one when y has another number of columns."""
        columns = y.shape[1]
        return buffer if buffer.shape[1] == columns else self.be.empty((buffer.shape[0], columns))
