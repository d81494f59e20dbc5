"""Image data sets."""

from neonlike.data._cifar import CIFAR10 as CIFAR10
from neonlike.data._cifar import DUMMY as DUMMY
from neonlike.data._mnist import MNIST as MNIST

__all__ = ["CIFAR10", "DUMMY", "MNIST"]
