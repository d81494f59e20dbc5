"""Random initializers (spec training 2).

``local=True`` reads the fan-in from axis 0, right for convolutions with
weights (C * R * S, K); dense layers keep (nout, nin), use ``local=False``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neonlike.initializers._base import Initializer


class Uniform(Initializer):
    """Uniform in [low, high).

    Args:
        low: lower bound.
        high: upper bound.
        name: name of the object.
    """

    def __init__(self, low: float = 0.0, high: float = 1.0, name: str = "uniformInit") -> None:
        super().__init__(name)
        self.low = low
        self.high = high

    def fill(self, param: Any) -> None:
        """Write the values."""
        param[:] = self.be.rng.uniform(self.low, self.high, param.shape)


class Gaussian(Initializer):
    """Normal with mean loc and standard deviation scale.

    Args:
        loc: mean.
        scale: standard deviation.
        name: name of the object.
    """

    def __init__(self, loc: float = 0.0, scale: float = 1.0, name: str = "gaussianInit") -> None:
        super().__init__(name)
        self.loc = loc
        self.scale = scale

    def fill(self, param: Any) -> None:
        """Write the values."""
        param[:] = self.be.rng.normal(self.loc, self.scale, param.shape)


class GlorotUniform(Initializer):
    """Uniform in [-k, k) with k = sqrt(6 / (rows + columns)) (Glorot and Bengio 2010).

    Args:
        name: name of the object.
    """

    def __init__(self, name: str = "autouniformInit") -> None:
        super().__init__(name)

    def fill(self, param: Any) -> None:
        """Write the values."""
        k = math.sqrt(6.0 / (param.shape[0] + param.shape[1]))
        param[:] = self.be.rng.uniform(-k, k, param.shape)


class Xavier(Initializer):
    """Uniform in [-k, k) with k = sqrt(3 / fan) (as in Caffe).

    Args:
        local: take axis 0 as fan-in (convolutions), else axis 1 (dense layers).
        name: name of the object.
    """

    def __init__(self, local: bool = True, name: str = "xavier") -> None:
        super().__init__(name)
        self.local = local

    def fill(self, param: Any) -> None:
        """Write the values."""
        k = math.sqrt(3.0 / param.shape[0 if self.local else 1])
        param[:] = self.be.rng.uniform(-k, k, param.shape)


class Kaiming(Initializer):
    """Normal with mean 0 and variance 2 / fan (He et al. 2015).

    Args:
        local: take axis 0 as fan-in (convolutions), else axis 1 (dense layers).
        name: name of the object.
    """

    def __init__(self, local: bool = True, name: str = "Kaiming") -> None:
        super().__init__(name)
        self.local = local

    def fill(self, param: Any) -> None:
        """Write the values."""
        scale = math.sqrt(2.0 / param.shape[0 if self.local else 1])
        param[:] = self.be.rng.normal(0, scale, param.shape)


class Orthonormal(Initializer):
    """A (semi-)orthonormal matrix times ``scale``, from the SVD of a normal one (Saxe et al. 2013).

    Draws from NumPy's **global** stream, as neon does: ``np.random.seed`` makes
    it reproducible, ``rng_seed`` does not.

    Args:
        scale: factor.
        name: name of the object.
    """

    def __init__(self, scale: float = 1.1, name: str = "orthonormal") -> None:
        super().__init__(name)
        self.scale = scale

    def fill(self, param: Any) -> None:
        """Write the values."""
        normal = np.random.normal(0.0, 1.0, param.shape)
        u, _, v = np.linalg.svd(normal, full_matrices=False)
        param[:] = self.scale * (u if u.shape == param.shape else v)


class SparseSpectral(Initializer):
    """Sparse matrix of a given largest singular value, for recurrent weights.

    Every row has ``nonzero`` uniform values at random places, scaled to sum 1 in absolute value;
    then the whole matrix is scaled. After the recurrent initialization of Pascanu et al.,
    arXiv 1312.6026.

    Args:
        nonzero: values per row, all columns if there are fewer.
        scale: largest singular value.
        name: name of the object.
    """

    def __init__(self, nonzero: int = 20, scale: float = 1.0, name: str = "sparseSpectral") -> None:
        super().__init__(name)
        self.nonzero = nonzero
        self.scale = scale

    def fill(self, param: Any) -> None:
        """Write the values."""
        rng, (rows, columns) = self.be.rng, param.shape
        values = np.zeros((rows, columns))
        for row in values:
            places = rng.permutation(columns)[: self.nonzero]
            row[places] = rng.uniform(-1.0, 1.0, len(places))
        values /= np.abs(values).sum(axis=1, keepdims=True)
        param[:] = values * (self.scale / np.linalg.norm(values, 2))
