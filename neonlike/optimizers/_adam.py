"""Adam and ShiftAdaMax (spec training 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from neonlike.backends._replay import pure
from neonlike.optimizers._base import Optimizer
from neonlike.optimizers._schedules import CONSTANT, Schedule

LOG2 = math.log(2.0)


class Adam(Optimizer):
    """Gradient descent with running means of gradient and square (Kingma and Ba 2014).

    In the t-th call l = lr sqrt(1 - b2^t) / (1 - b1^t); m = b1 m + (1 - b1) g;
    v = b2 v + (1 - b2) g^2; p = p - s l m / (sqrt(v) + eps). No schedule.

    Args:
        stochastic_round: stored, without effect on CPU.
        learning_rate: base rate.
        beta_1: b1.
        beta_2: b2.
        epsilon: eps.
        gradient_clip_norm: largest norm of all gradients together (scales the
            step, not the means).
        gradient_clip_value: largest absolute gradient element.
        param_clip_value: largest absolute parameter.
        name: name of the object.

    Attributes:
        t: number of ``optimize`` calls so far.
    """

    n_states = 2

    def __init__(
        self,
        stochastic_round: Any = False,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        gradient_clip_norm: float | None = None,
        gradient_clip_value: float | None = None,
        param_clip_value: float | None = None,
        name: str = "adam",
    ) -> None:
        super().__init__(name)
        self.stochastic_round = self.no_rate(stochastic_round)
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.gradient_clip_norm = gradient_clip_norm
        self.gradient_clip_value = gradient_clip_value
        self.param_clip_value = param_clip_value
        self.t = 0
        self.check_numbers(beta_1=beta_1, beta_2=beta_2)

    def optimize(self, layer_list: Iterable[Any], epoch: int) -> None:
        """Count the call, then update as the base class."""
        self.t += 1
        super().optimize(layer_list, epoch)

    def train_state(self) -> dict[str, Any]:
        """Return the number of calls."""
        return {"t": self.t}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Go on counting from a ``train_state``."""
        self.t = state.get("t", self.t)

    def _rate(self, epoch: int) -> float:
        bias_1, bias_2 = 1.0 - self.beta_1**self.t, 1.0 - self.beta_2**self.t
        return self.learning_rate * math.sqrt(bias_2) / bias_1

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        be, (m, v) = self.be, states
        mean = self.beta_1 * m + (1.0 - self.beta_1) * grad
        square = self.beta_2 * v + (1.0 - self.beta_2) * be.square(grad)
        step = (lr * scale) * m / (be.sqrt(v) + self.epsilon)
        new = self.clip_value(param - step, self.param_clip_value)
        be.assign_all((m, mean), (v, square), (param, new))


class ShiftAdaMax(Optimizer):
    """AdaMax with powers of two as factors, for binary networks (Courbariaux et al. 2016).

    With AP2(x) = sign(x) 2^rint(log2 abs(x)) and l = lr / (1 - b1^(epoch + 1)):
    m = b1 m + (1 - b1) g; u = max(b2 u, abs(g)); inv = 1 / (u + eps);
    p = clip(p - m AP2(inv) AP2(l), -1, 1).

    Args:
        stochastic_round: stored, without effect on CPU.
        learning_rate: base rate.
        beta_1: b1.
        beta_2: b2.
        epsilon: eps.
        schedule: learning-rate schedule.
        name: name of the object.
    """

    n_states = 3
    param_clip_value = 1.0

    def __init__(
        self,
        stochastic_round: Any = False,
        learning_rate: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        schedule: Schedule = CONSTANT,
        name: str = "ShiftAdaMax",
    ) -> None:
        super().__init__(name)
        self.stochastic_round = self.no_rate(stochastic_round)
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.schedule = schedule

    def _rate(self, epoch: int) -> float:
        rate = super()._rate(epoch) / (1.0 - self.beta_1 ** (epoch + 1))
        return math.copysign(2.0 ** round(math.log2(abs(rate))), rate) if rate else 0.0

    @pure
    def _update(self, param: Any, grad: Any, states: list[Any], lr: float, scale: float) -> None:
        be, (m, u, inv) = self.be, states
        mean = self.beta_1 * m + (1.0 - self.beta_1) * grad
        largest = be.maximum(self.beta_2 * u, be.absolute(grad))
        power = be.exp2(be.rint(be.safelog(inv) * (1.0 / LOG2)))  # inv is positive
        new = self.clip_value(param - lr * m * power, self.param_clip_value)
        be.assign_all((m, mean), (u, largest), (inv, 1.0 / (u + self.epsilon)), (param, new))
