"""``Optimizer``: the update loop, clipping, and the states of parameters (spec training 6)."""

from __future__ import annotations

import functools
import logging
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neonlike._object import NervanaObject
from neonlike.backends._replay import Replay
from neonlike.optimizers._schedules import CONSTANT, Schedule

logger = logging.getLogger(__name__)

# ((parameter, gradient), states) as layers hand them out
Param = tuple[tuple[Any, Any], list[Any]]
NUMBERS = (float, int, type(None))
MOST = 8  # updates kept: alternating lists of layers, as in adversarial training


def get_param_list(layer_list: Iterable[Any]) -> list[Param]:
    """Return the ((parameter, gradient), states) of all layers in one list.

    Args:
        layer_list: objects with ``get_params()``, which returns such an entry or a list of them.
    """
    params: list[Param] = []
    for layer in layer_list:
        found = layer.get_params()
        if isinstance(found, list):
            params.extend(found)
        else:
            params.append(found)
    return params


class Optimizer(NervanaObject):
    """Base of update rules: the loop over parameters.

    With g = gradient / N (N = ``be.bsz``), clipped element by element to
    +-gradient_clip_value, and s <= 1 the factor of gradient-norm clipping, a
    rule gets ``_update(param, g, states, lr, s)`` for every parameter.

    Rules give ``n_states`` and ``_update``, and where needed ``_rate`` (the
    learning rate of this call). User rules may also override ``optimize``.
    """

    n_states = 0
    learning_rate: float = 0.0
    stochastic_round: Any = False
    gradient_clip_norm: float | None = None
    gradient_clip_value: float | None = None
    param_clip_value: float | None = None
    schedule: Schedule = CONSTANT

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._replay = Replay(MOST)

    def no_rate(self, stochastic_round: Any) -> Any:
        """Return the argument; warn if it must have been meant as a learning rate."""
        if isinstance(stochastic_round, float):
            logger.warning(
                "%s(%s): as in neon, the first argument is stochastic_round, which has no effect; "
                "for a learning rate write learning_rate=%s",
                type(self).__name__,
                stochastic_round,
                stochastic_round,
            )
        return stochastic_round

    def check_numbers(self, **fractions: float) -> None:
        """Check the learning rate, and numbers that are at least 0 and below 1.

        Raises:
            TypeError: one is no number.
            ValueError: one is outside its range, infinite or nan.
        """
        kind = type(self).__name__
        for name, value in {"learning_rate": self.learning_rate, **fractions}.items():
            wanted = f"{kind}: {name} must be a finite number"
            try:
                finite = math.isfinite(value)
            except TypeError:
                raise TypeError(f"{wanted}, got {value!r}") from None
            if not finite or (name in fractions and not 0 <= value < 1):
                extent = ", at least 0 and below 1" if name in fractions else ""
                raise ValueError(f"{wanted}{extent}, got {value}")
        if self.learning_rate < 0:
            logger.warning("%s: a learning rate of %s makes costs grow", kind, self.learning_rate)

    def optimize(self, layer_list: Iterable[Any], epoch: int) -> None:
        """Update the parameters of all layers from their gradients.

        Args:
            layer_list: objects with ``get_params()``.
            epoch: number of the epoch, for the schedule.
        """
        params = get_param_list(layer_list)
        scale = self.clip_gradient_norm(params, self.gradient_clip_norm)
        lr = self._rate(epoch)
        for (param, grad), states in params:
            param.rounding = self.stochastic_round
            if len(states) != self.n_states:
                self._new_states(grad, states)
        if hasattr(self._update, "is_pure"):
            numbers = [v for v in vars(self).values() if isinstance(v, NUMBERS)]
            tensors = [t for pair, states in params for t in (*pair, *states)]
            update = functools.partial(self._update_all, params, lr, scale)
            self.be.again(self._replay, (lr, scale, *numbers), tensors, update)
        else:
            self._update_all(params, lr, scale)

    def _update_all(self, params: Sequence[Param], lr: float, scale: float) -> None:
        for (param, grad), states in params:
            g = self.clip_value(grad / self.be.bsz, self.gradient_clip_value)
            self._update(param, g, states, lr, scale)

    def clip_gradient_norm(self, param_list: Sequence[Param], clip_norm: float | None) -> float:
        """Return the factor that brings the common norm of all gradients down to ``clip_norm``.

        Args:
            param_list: see ``get_param_list``.
            clip_norm: largest norm of the batch-averaged gradients; None or 0: no clipping.

        Returns:
            clip_norm / max(norm, clip_norm), at most 1.
        """
        if not clip_norm:
            return 1.0
        if not hasattr(self, "_sum"):
            self._sum = self.be.empty((1, 1))
        total = 0.0
        for (_, grad), _states in param_list:
            self._sum[:] = self.be.sum(self.be.square(grad))
            total += float(self._sum.asnumpyarray()[0, 0])
        norm: float = math.sqrt(total) / self.be.bsz
        return clip_norm / max(norm, clip_norm)

    def clip_value(self, v: Any, abs_bound: float | None = None) -> Any:
        """Return v clipped to +-abs_bound as an op-tree; v itself without a bound."""
        if not abs_bound:
            return v
        return self.be.clip(v, -abs(abs_bound), abs(abs_bound))

    def clip_gradient_value(self, grad: Any, clip_value: float | None = None) -> Any:
        """Return ``clip_value(grad, clip_value)``: its name in neon 1.x."""
        message = "Optimizer.clip_gradient_value is a name of neon 1.x, write clip_value"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return self.clip_value(grad, clip_value)

    def train_state(self) -> dict[str, Any]:
        """Return what an exact resume needs beyond the states of the parameters."""
        return {"steps": getattr(self.schedule, "steps", 0)}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Take over a ``train_state``."""
        if state.get("steps"):
            self.schedule.steps = state["steps"]

    def _rate(self, epoch: int) -> float:
        return self.schedule.get_learning_rate(self.learning_rate, epoch)

    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _update or optimize")

    def _new_states(self, grad: Any, states: list[Any]) -> None:
        """Fill the list that the layer keeps (in place) with zeros like the gradient."""
        if self.n_states == 0:
            return
        if states:
            logger.error(
                "a parameter of shape %s has %d optimizer states, %s needs %d: they come from "
                "another optimizer and start at zero",
                grad.shape,
                len(states),
                type(self).__name__,
                self.n_states,
            )
        states[:] = [self.be.zeros_like(grad) for _ in range(self.n_states)]
