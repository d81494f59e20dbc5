"""neon's path of the backend base class, tensors and op-trees."""

from neonlike.backends._cpu import Backend as Backend
from neonlike.backends._misc import Block as Block
from neonlike.backends._operations import OpCollection as OpCollection
from neonlike.backends._optree import OpTreeNode as OpTreeNode
from neonlike.backends._tensor import Tensor as Tensor

__all__ = ["Backend", "Block", "OpCollection", "OpTreeNode", "Tensor"]
