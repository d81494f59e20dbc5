"""RMSProp (spec training 6)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.optimizers._base import Optimizer
from neonlike.optimizers._schedules import CONSTANT, Schedule


class RMSProp(Optimizer):
    """Gradient descent scaled by a running root mean square of the gradients.

    r = d r + (1 - d) g^2; p = p - s g lr / (sqrt(r + eps) + eps).

    Args:
        stochastic_round: stored, without effect on CPU.
        decay_rate: d.
        learning_rate: base rate.
        epsilon: eps.
        gradient_clip_norm: largest norm of all gradients together.
        gradient_clip_value: largest absolute gradient element.
        param_clip_value: largest absolute parameter.
        name: name of the object.
        schedule: learning-rate schedule.
    """

    n_states = 1

    def __init__(
        self,
        stochastic_round: Any = False,
        decay_rate: float = 0.95,
        learning_rate: float = 2e-3,
        epsilon: float = 1e-6,
        gradient_clip_norm: float | None = None,
        gradient_clip_value: float | None = None,
        param_clip_value: float | None = None,
        name: str | None = None,
        schedule: Schedule = CONSTANT,
    ) -> None:
        super().__init__(name)
        self.state_list = None
        self.stochastic_round = self.no_rate(stochastic_round)
        self.decay_rate = decay_rate
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.gradient_clip_norm = gradient_clip_norm
        self.gradient_clip_value = gradient_clip_value
        self.param_clip_value = param_clip_value
        self.schedule = schedule
        self.check_numbers(decay_rate=decay_rate)

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        be, (r,) = self.be, states
        mean = self.decay_rate * r + (1.0 - self.decay_rate) * be.square(grad)
        step = (lr * scale) * grad / (be.sqrt(r + self.epsilon) + self.epsilon)
        be.assign_all((r, mean), (param, self.clip_value(param - step, self.param_clip_value)))
