"""Learning-rate schedules (spec training 6).

A schedule is any object with ``get_learning_rate(learning_rate, epoch)``;
``learning_rate`` is always the rate given to the optimizer.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from neonlike._object import NervanaObject

logger = logging.getLogger(__name__)


class Schedule(NervanaObject):
    """Constant rate, or steps.

    Args:
        step_config: None: constant. A list of epochs: the rate is multiplied by
            ``change`` at each of them. An int k: multiplied by ``change`` every
            k epochs (better: ``PowerSchedule``). With lists for both: the rate
            *becomes* ``change[i]`` (better: ``StepSchedule``). Any other type,
            a tuple too, is ignored as in neon.
        change: factor, or list of rates.

    Raises:
        AssertionError: both are lists, of different lengths.
    """

    def __init__(self, step_config: Any = None, change: Any = 1.0) -> None:
        super().__init__()
        self.step_config = step_config
        self.change = change
        self.steps: float = 0
        if isinstance(step_config, list) and isinstance(change, list):
            _check_lengths(step_config, change)
            logger.warning("Schedule with a list of rates: use StepSchedule instead")
        elif isinstance(step_config, int):
            logger.warning("Schedule with an integer step_config: use PowerSchedule instead")

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return the rate of ``epoch`` (counted from 0)."""
        if isinstance(self.step_config, list) and isinstance(self.change, list):
            return self._listed_rate(learning_rate, epoch)
        drops = 0
        if isinstance(self.step_config, list):
            drops = sum(step <= epoch for step in self.step_config)
        elif isinstance(self.step_config, int):
            drops = epoch // self.step_config
        return float(learning_rate * self.change**drops)

    def _listed_rate(self, learning_rate: float, epoch: int) -> float:
        """Return change[i] from epoch step_config[i] on; the last one met is remembered."""
        if epoch in self.step_config:
            self.steps = self.change[self.step_config.index(epoch)]
        return learning_rate if self.steps == 0 else self.steps


class StepSchedule(Schedule):
    """The rate becomes ``change[i]`` at epoch ``step_config[i]`` and stays there.

    The last change is remembered, not computed: a run that starts later keeps
    the original rate until the next listed epoch, unless the schedule's state
    was restored from a saved training state.

    Args:
        step_config: list of epochs.
        change: list of rates, equally long.

    Raises:
        AssertionError: not two lists of equal length.
    """

    def __init__(self, step_config: list[int], change: list[float]) -> None:
        NervanaObject.__init__(self)
        if not (isinstance(step_config, list) and isinstance(change, list)):
            raise AssertionError("StepSchedule needs two lists: epochs and rates")
        _check_lengths(step_config, change)
        self.step_config = step_config
        self.change = change
        self.steps = 0

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return the rate of ``epoch``."""
        return self._listed_rate(learning_rate, epoch)


class PowerSchedule(Schedule):
    """The rate is multiplied by ``change`` every ``step_config`` epochs.

    Args:
        step_config: int, number of epochs.
        change: number, the factor.

    Raises:
        AssertionError: step_config is no int, or change is a list.
    """

    def __init__(self, step_config: int, change: float) -> None:
        NervanaObject.__init__(self)
        if not isinstance(step_config, int) or isinstance(change, list):
            raise AssertionError("PowerSchedule needs an int step_config and one number change")
        self.step_config = step_config
        self.change = change
        self.steps = 0

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return learning_rate * change^floor(epoch / step_config)."""
        return float(learning_rate * self.change ** (epoch // self.step_config))


class ExpSchedule(Schedule):
    """The rate falls as 1 / (1 + decay * epoch).

    Args:
        decay: how fast.
    """

    def __init__(self, decay: float) -> None:
        NervanaObject.__init__(self)
        self.decay = decay

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return learning_rate / (1 + decay * epoch)."""
        return float(learning_rate / (1.0 + self.decay * epoch))


class PolySchedule(Schedule):
    """learning_rate * (1 - epoch // total_epochs)^power, with neon's floor division.

    The rate is constant until ``total_epochs``, then 0; from twice that on the
    base is negative (neon's arithmetic, kept).

    Args:
        total_epochs: number of epochs.
        power: exponent.
    """

    def __init__(self, total_epochs: int, power: float) -> None:
        NervanaObject.__init__(self)
        self.total_epochs = np.float32(total_epochs)
        self.power = power

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return the rate of ``epoch``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(learning_rate * np.power(1.0 - epoch // self.total_epochs, self.power))


class ShiftSchedule(Schedule):
    """The rate is shifted right by ``shift_size`` bits every ``interval`` epochs.

    Args:
        interval: number of epochs.
        shift_size: bits; 1 halves the rate.
    """

    def __init__(self, interval: int, shift_size: int = 1) -> None:
        NervanaObject.__init__(self)
        self.interval = interval
        self.shift_size = shift_size

    def get_learning_rate(self, learning_rate: float, epoch: int) -> float:
        """Return learning_rate * 2^(-shift_size * int(epoch / interval)), as a float32 value."""
        shift = self.shift_size * int(epoch / self.interval)
        return float(np.float32(learning_rate * 2.0**-shift))


CONSTANT = Schedule()  # the optimizers' common default


def _check_lengths(step_config: list[Any], change: list[Any]) -> None:
    if len(step_config) != len(change):
        raise AssertionError(
            f"step_config lists {len(step_config)} epochs but change {len(change)} rates"
        )
