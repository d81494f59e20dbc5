"""Stochastic gradient descent with momentum (spec training 6)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.optimizers._base import Optimizer
from neonlike.optimizers._schedules import CONSTANT, Schedule


class GradientDescentMomentum(Optimizer):
    """Gradient descent, optionally with (Nesterov) momentum and weight decay.

    With d = s g + wdecay p: v = m v - lr d and p = p + v; with ``nesterov``
    p = p + m v - lr d. Without momentum p = p - lr d, and ``param_clip_value``
    is not applied (as in neon).

    Args:
        learning_rate: base rate.
        momentum_coef: m; 0 keeps no state.
        stochastic_round: stored, without effect on CPU.
        wdecay: weight decay.
        gradient_clip_norm: largest norm of all gradients together.
        gradient_clip_value: largest absolute gradient element.
        param_clip_value: largest absolute parameter.
        name: name of the object.
        schedule: learning-rate schedule.
        nesterov: use Nesterov's accelerated gradient.

    Raises:
        ValueError: nesterov without momentum.
    """

    def __init__(
        self,
        learning_rate: float,
        momentum_coef: float,
        stochastic_round: Any = False,
        wdecay: float = 0.0,
        gradient_clip_norm: float | None = None,
        gradient_clip_value: float | None = None,
        param_clip_value: float | None = None,
        name: str | None = None,
        schedule: Schedule = CONSTANT,
        nesterov: bool = False,
    ) -> None:
        super().__init__(name)
        if nesterov and momentum_coef == 0:
            raise ValueError("nesterov=True needs a momentum_coef above 0, got 0")
        self.learning_rate = learning_rate
        self.momentum_coef = momentum_coef
        self.stochastic_round = stochastic_round
        self.wdecay = wdecay
        self.gradient_clip_norm = gradient_clip_norm
        self.gradient_clip_value = gradient_clip_value
        self.param_clip_value = param_clip_value
        self.schedule = schedule
        self.nesterov = nesterov
        self.n_states = 0 if momentum_coef == 0 else 1
        self.check_numbers()

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        m, decay = self.momentum_coef, self.wdecay
        if m == 0:
            param[:] = (1.0 - lr * decay) * param - (lr * scale) * grad
            return
        (v,) = states
        d = (lr * scale) * grad + (lr * decay) * param if decay else (lr * scale) * grad
        step = m * v - d if self.nesterov else v  # of the new v, and d of the old parameter
        new = self.clip_value(param + step, self.param_clip_value)
        self.be.assign_all((v, m * v - d), (param, new))
