"""Optimizers and learning-rate schedules (neon's dotted path)."""

from neonlike.optimizers._adagrad import Adadelta as Adadelta
from neonlike.optimizers._adagrad import Adagrad as Adagrad
from neonlike.optimizers._adam import Adam as Adam
from neonlike.optimizers._adam import ShiftAdaMax as ShiftAdaMax
from neonlike.optimizers._base import Optimizer as Optimizer
from neonlike.optimizers._base import get_param_list as get_param_list
from neonlike.optimizers._momentum import GradientDescentMomentum as GradientDescentMomentum
from neonlike.optimizers._multi import MultiOptimizer as MultiOptimizer
from neonlike.optimizers._rmsprop import RMSProp as RMSProp
from neonlike.optimizers._schedules import ExpSchedule as ExpSchedule
from neonlike.optimizers._schedules import PolySchedule as PolySchedule
from neonlike.optimizers._schedules import PowerSchedule as PowerSchedule
from neonlike.optimizers._schedules import Schedule as Schedule
from neonlike.optimizers._schedules import ShiftSchedule as ShiftSchedule
from neonlike.optimizers._schedules import StepSchedule as StepSchedule

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "ExpSchedule",
    "GradientDescentMomentum",
    "MultiOptimizer",
    "Optimizer",
    "PolySchedule",
    "PowerSchedule",
    "RMSProp",
    "Schedule",
    "ShiftAdaMax",
    "ShiftSchedule",
    "StepSchedule",
    "get_param_list",
]
