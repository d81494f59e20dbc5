"""Cost layers: a cost function with its buffers (spec layers 12)."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from neonlike._object import NervanaObject
from neonlike.backends._replay import Replay
from neonlike.backends._score import Score
from neonlike.layers._base import Layer
from neonlike.layers._container import flatten
from neonlike.layers._errors import check_object, describe
from neonlike.layers._expression import Expressions
from neonlike.layers._shapes import interpret_in_shape


class GeneralizedCost(NervanaObject):
    """Evaluate a cost function and its errors at the outputs of a network.

    Args:
        costfunc: a Cost such as ``CrossEntropyMulti()``.

    Attributes:
        outputs: (1, steps * N), one value per column.
        deltas: the errors, shaped like the network's outputs.
        cost: (1, 1) ndarray, the last cost.
    """

    prev_layer: Layer
    parallelism: str
    nstep: int

    def __init__(self, costfunc: Any, name: str | None = None) -> None:
        super().__init__(name)
        check_object(
            f"{type(self).__name__} {self.name!r}", "costfunc", costfunc, "CrossEntropyMulti()"
        )
        self.costfunc = costfunc
        self.outputs: Any = None
        self.deltas: Any = None
        self.cost_buffer = self.be.empty((1, 1))
        self.cost: Any = None
        self._expressions, self._average = Expressions(), Replay(most=1)

    def initialize(self, in_obj: Any) -> None:
        """Make the buffers for the outputs of ``in_obj``.

        Raises:
            AssertionError: ``in_obj`` is no layer, or has several outputs.
        """
        owner = f"{type(self).__name__} {self.name!r}"
        advice = "for networks with several outputs use Multicost, with one cost for each"
        assert isinstance(in_obj, Layer), (
            f"{owner} needs the network's last layer, got {in_obj!r}; {advice}"
        )
        assert not isinstance(in_obj.out_shape, list), (
            f"{owner} takes one output, but {describe(in_obj)} has {len(in_obj.out_shape)} of "
            f"shapes {in_obj.out_shape}; {advice}"
        )
        self.prev_layer = in_obj
        self.parallelism = in_obj.parallelism
        _, self.nstep = interpret_in_shape(in_obj.out_shape)
        self.outputs = self.be.iobuf((1, self.nstep))
        self.deltas = self.be.iobuf(in_obj.out_shape)

    def get_cost(self, inputs: Any, targets: Any) -> np.ndarray:
        """Return the mean of the cost function over all columns, shape (1, 1).

        Raises:
            AssertionError, TypeError, ValueError: shapes or types that do not fit.
        """
        try:
            self._expressions.assign(
                self.outputs,
                self.costfunc,
                "__call__",
                (inputs, targets),
                lambda: self.costfunc(inputs, targets),
            )
        except (AssertionError, TypeError, ValueError) as error:
            self._fail(error, inputs, targets)
        return self._mean()

    def _mean(self, weight: float = 1.0) -> Score:
        tensors = self.cost_buffer, self.outputs
        self.be.again(self._average, ("mean", weight), tensors, lambda: self._set_mean(weight))
        cost = Score.of(self.cost_buffer.get())
        self.cost = cost
        return cost

    def _set_mean(self, weight: float) -> None:
        mean = self.be.mean(self.outputs, axis=1)
        self.cost_buffer[:] = mean if weight == 1.0 else mean * weight

    def get_errors(self, inputs: Any, targets: Any) -> Any:
        """Return the derivative at ``inputs``, not divided by the batch size.

        Raises:
            AssertionError, TypeError, ValueError: shapes or types that do not fit.
        """
        try:
            self._expressions.assign(
                self.deltas,
                self.costfunc,
                "bprop",
                (inputs, targets),
                lambda: self.costfunc.bprop(inputs, targets),
            )
        except (AssertionError, TypeError, ValueError) as error:
            self._fail(error, inputs, targets)
        return self.deltas

    def _fail(self, error: Exception, inputs: Any, targets: Any) -> NoReturn:
        """Raise ``error``, or the sentence about outputs or targets that cannot be right."""
        if self.deltas is None:
            raise type(error)(
                f"{type(self).__name__} {self.name!r} was not initialized; call "
                "model.initialize(data set or shape, cost) first, as model.fit does"
            ) from error
        wanted = self.deltas.shape
        hint = "check nout of the last layer, and nclass and make_onehot of the data iterator"
        for name, got in (("outputs", inputs), ("targets", targets)):
            if isinstance(got, np.ndarray):
                found = f"an ndarray of shape {got.shape}"
                hint = "make it a tensor with be.array(a), or use a data iterator"
            elif getattr(got, "shape", wanted) != wanted:
                found = str(got.shape)
            else:
                continue
            last = next(flatten(self.prev_layer.get_terminal()))
            raise type(error)(
                f"{type(self).__name__} {self.name!r} with {type(self.costfunc).__name__} behind "
                f"{describe(last)}: the {name} do not fit. Expected a tensor of shape {wanted}, "
                f"got {found}, batch size {self.be.bsz}. Hint: {hint}"
            ) from error
        raise error


class GeneralizedGANCost(GeneralizedCost):
    """Cost of a generative adversarial network.

    Args:
        costfunc: a ``GANCost``.
    """

    def get_cost(self, inputs: Any, targets: Any, cost_type: str | None = None) -> np.ndarray:
        """Return the mean cost.

        Args:
            inputs: discriminator outputs for data.
            targets: discriminator outputs for noise.
            cost_type: 'dis', 'dis_data', 'dis_noise' or 'gen'.

        Raises:
            TypeError: no cost type.
        """
        if cost_type is None:
            raise TypeError(
                f"{self.name}: cost_type must be 'dis', 'dis_data', 'dis_noise' or 'gen', got None"
            )
        self.outputs[:] = self.costfunc(inputs, targets, cost_type)
        return self._mean()


class GeneralizedCostMask(GeneralizedCost):
    """Cost with a mask per element; masked columns count in the mean.

    Args:
        costfunc: a Cost.
        weights: factor of cost and errors.
    """

    def __init__(self, costfunc: Any, weights: float = 1.0, name: str | None = None) -> None:
        super().__init__(costfunc, name)
        self.weights = weights

    def get_cost(self, inputs: Any, targets_mask: Any) -> np.ndarray:
        """Return ``weights * mean(costfunc(y * mask, t * mask))``."""
        targets, mask = self._pair(targets_mask)
        try:
            self.outputs[:] = self.costfunc(inputs * mask, targets * mask)
        except (AssertionError, TypeError, ValueError) as error:
            self._fail(error, inputs, targets)
        return self._mean(self.weights)

    def get_errors(self, inputs: Any, targets_mask: Any) -> Any:
        """Return ``costfunc.bprop(y, t) * mask * weights``."""
        targets, mask = self._pair(targets_mask)
        try:
            self.deltas[:] = self.costfunc.bprop(inputs, targets) * mask * self.weights
        except (AssertionError, TypeError, ValueError) as error:
            self._fail(error, inputs, targets)
        return self.deltas

    def _pair(self, targets_mask: Any) -> tuple[Any, Any]:
        if not isinstance(targets_mask, tuple | list) or len(targets_mask) != 2:
            raise TypeError(
                f"GeneralizedCostMask {self.name!r}: expected targets as a pair (targets, mask), "
                f"got {type(targets_mask).__name__}; use GeneralizedCost for targets without a mask"
            )
        targets, mask = targets_mask
        return targets, mask
