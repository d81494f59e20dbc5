"""Adagrad and Adadelta (spec training 6)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.optimizers._base import Optimizer


class Adagrad(Optimizer):
    """Gradient descent scaled by the sum of all squared gradients (Duchi et al. 2011).

    G = G + g^2; p = p - s g lr / sqrt(G + eps). No schedule.

    Args:
        stochastic_round: stored, without effect on CPU.
        learning_rate: base rate.
        epsilon: eps.
        gradient_clip_norm: largest norm of all gradients together.
        gradient_clip_value: largest absolute gradient element.
        param_clip_value: largest absolute parameter.
        name: name of the object.
    """

    n_states = 1

    def __init__(
        self,
        stochastic_round: Any = False,
        learning_rate: float = 0.01,
        epsilon: float = 1e-6,
        gradient_clip_norm: float | None = None,
        gradient_clip_value: float | None = None,
        param_clip_value: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.state_list = None
        self.stochastic_round = self.no_rate(stochastic_round)
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.gradient_clip_norm = gradient_clip_norm
        self.gradient_clip_value = gradient_clip_value
        self.param_clip_value = param_clip_value
        self.check_numbers()

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        be, (total,) = self.be, states
        step = (lr * scale) * grad / be.sqrt(total + self.epsilon)
        new = self.clip_value(param - step, self.param_clip_value)
        be.assign_all((total, total + be.square(grad)), (param, new))


class Adadelta(Optimizer):
    """Gradient descent that finds its own rate from past updates (Zeiler 2012).

    E_g = d E_g + (1 - d) g^2; delta = sqrt((E_d + eps) / (E_g + eps)) g;
    E_d = d E_d + (1 - d) delta^2; p = p - delta. No schedule, no gradient clipping.

    Args:
        stochastic_round: stored, without effect on CPU.
        decay: d.
        epsilon: eps.
        param_clip_value: largest absolute parameter.
        name: name of the object.
    """

    n_states = 3

    def __init__(
        self,
        stochastic_round: Any = False,
        decay: float = 0.95,
        epsilon: float = 1e-6,
        param_clip_value: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.stochastic_round = self.no_rate(stochastic_round)
        self.decay = decay
        self.epsilon = epsilon
        self.param_clip_value = param_clip_value
        self.check_numbers(decay=decay)

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        be, eps, (grads, deltas, delta) = self.be, self.epsilon, states
        be.assign_all(
            (grads, self.decay * grads + (1.0 - self.decay) * be.square(grad)),
            (delta, be.sqrt((deltas + eps) / (grads + eps)) * grad),
            (deltas, self.decay * deltas + (1.0 - self.decay) * be.square(delta)),
            (param, self.clip_value(param - delta, self.param_clip_value)),
        )
