"""neon's path of automatic differentiation."""

from neonlike.backends._autodiff import Autodiff as Autodiff
from neonlike.backends._autodiff import GradNode as GradNode
from neonlike.backends._autodiff import GradUtil as GradUtil
from neonlike.backends._autodiff import memoize_autodiff as memoize_autodiff
from neonlike.backends._gradients import GRADIENTS as grad_map

__all__ = ["Autodiff", "GradNode", "GradUtil", "grad_map", "memoize_autodiff"]
