"""Compound layers: lists of a filter, bias or batch norm, and activation (spec layers 5)."""

from __future__ import annotations

from typing import Any

from neonlike.layers._base import Layer
from neonlike.layers._batch_norm import BatchNorm, ShiftBatchNorm
from neonlike.layers._conv import Convolution, Deconvolution
from neonlike.layers._conv_bias import Convolution_bias
from neonlike.layers._linear import BinaryLinear, Linear
from neonlike.layers._pointwise import Activation, Bias


class CompoundLayer(list[Layer]):
    """List of layers that a Sequential takes in one by one.

    Args:
        bias: Initializer of a Bias, or None.
        batch_norm: whether to normalize; excludes bias.
        activation: Transform, or None.
        name: name of the filter layer; the others append to it.

    Raises:
        AttributeError: both bias and batch norm.
    """

    batch_norm_class: type[BatchNorm] = BatchNorm
    batch_norm_suffix = "_bnorm"

    def __init__(
        self,
        bias: Any = None,
        batch_norm: bool = False,
        activation: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__()
        if batch_norm and bias is not None:
            raise AttributeError(
                f"{type(self).__name__} {name or ''}: batch norm has its own bias (beta); "
                "give either bias or batch_norm=True, not both"
            )
        self.activation = activation
        self.batch_norm = batch_norm
        self.bias = bias
        self.base_name = name

    def init_base_name(self) -> None:
        """Use the last member's name if no name was given."""
        if self.base_name is None:
            self.base_name = self[-1].name

    def add_postfilter_layers(self) -> None:
        """Append bias, batch norm and activation, as far as asked for."""
        self.init_base_name()
        if self.bias is not None:
            self.append(Bias(init=self.bias, name=f"{self.base_name}_bias"))
        self._add_norm_and_activation()

    def _add_norm_and_activation(self) -> None:
        if self.batch_norm:
            self.append(self.batch_norm_class(name=f"{self.base_name}{self.batch_norm_suffix}"))
        if self.activation is not None:
            kind = type(self.activation).__name__
            self.append(Activation(transform=self.activation, name=f"{self.base_name}_{kind}"))


class Affine(CompoundLayer):
    """Linear, then bias or batch norm, then activation.

    Args:
        nout: number of outputs.
        init: Initializer, Tensor or ndarray of the weights.
        bias: Initializer, Tensor or ndarray of the bias, or None.
        batch_norm, activation, name: as in CompoundLayer.
    """

    def __init__(
        self,
        nout: int,
        init: Any,
        bias: Any = None,
        batch_norm: bool = False,
        activation: Any = None,
        name: str | None = None,
        parallelism: str = "Disabled",
    ) -> None:
        super().__init__(bias, batch_norm, activation, name)
        self.append(Linear(nout, init, bsum=batch_norm, name=name, parallelism=parallelism))
        self.add_postfilter_layers()


class BinaryAffine(CompoundLayer):
    """BinaryLinear, then bias or ShiftBatchNorm, then activation; arguments as Affine."""

    batch_norm_class = ShiftBatchNorm
    batch_norm_suffix = "_sbnorm"

    def __init__(
        self,
        nout: int,
        init: Any,
        bias: Any = None,
        batch_norm: bool = False,
        activation: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(bias, batch_norm, activation, name)
        self.append(BinaryLinear(nout, init, name=name))
        self.add_postfilter_layers()


class Conv(CompoundLayer):
    """Convolution (with its bias in the same layer), then batch norm, then activation.

    Args:
        fshape, init, strides, padding, dilation: as in Convolution.
        bias: Initializer of the bias, or None.
        batch_norm, activation, name: as in CompoundLayer.
    """

    def __init__(
        self,
        fshape: Any,
        init: Any,
        strides: Any = {},
        padding: Any = {},
        dilation: Any = {},
        bias: Any = None,
        batch_norm: bool = False,
        activation: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(bias, batch_norm, activation, name)
        if bias is not None:
            filters: Convolution = Convolution_bias(
                fshape, strides, padding, dilation, init=init, bias=bias, name=name
            )
        else:
            filters = Convolution(
                fshape, strides, padding, dilation, init=init, bsum=batch_norm, name=name
            )
        self.append(filters)
        self.add_postfilter_layers()

    def add_postfilter_layers(self) -> None:
        """Append batch norm and activation; the bias is part of the convolution."""
        self.init_base_name()
        self._add_norm_and_activation()


class Deconv(CompoundLayer):
    """Deconvolution, then bias or batch norm, then activation; arguments as Conv.

    The name goes to the layers after the filter only, as in neon.
    """

    def __init__(
        self,
        fshape: Any,
        init: Any,
        strides: Any = {},
        padding: Any = {},
        dilation: Any = {},
        bias: Any = None,
        batch_norm: bool = False,
        activation: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(bias, batch_norm, activation, name)
        self.append(Deconvolution(fshape, strides, padding, dilation, init=init, bsum=batch_norm))
        self.add_postfilter_layers()
