"""In-place layers: bias, activation, data transform, dropout (spec layers 6.3 to 6.5, 6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import Layer
from neonlike.layers._errors import check_object, describe
from neonlike.layers._expression import Expressions
from neonlike.layers._parameter import ParameterLayer
from neonlike.layers._shapes import buffer_shape, interpret_in_shape
from neonlike.layers._views import ReshapedView

if TYPE_CHECKING:
    from typing import Self


class Bias(ParameterLayer):
    """Add one number per feature or feature map, in place.

    Shapes: ``in_shape`` (F, ...) is kept; W (F, 1). Gradient: row sums of the error.

    Args:
        init: Initializer, Tensor or ndarray for W.
    """

    overwrites_error = False
    bias_size: int

    def __init__(self, init: Any, name: str | None = None) -> None:
        super().__init__(init, name)
        self.owns_output = False
        self.owns_delta = False
        self.y: Any = None

    def _configured_str(self) -> str:
        maps = ""
        if len(self.in_shape) == 3:
            maps = f" x ({self.in_shape[1]}x{self.in_shape[2]})"
        return f"Bias Layer '{self.name}': size {self.bias_size}{maps}"

    def configure(self, in_obj: Any) -> Self:
        """Set the shapes.

        Raises:
            TypeError: an int as input shape; give (features, 1).
        """
        super().configure(in_obj)
        if isinstance(self.in_shape, int):
            if self.prev_layer is None:
                raise TypeError(
                    f"{describe(self)} needs a tuple as input shape, got {self.in_shape}; "
                    f"give ({self.in_shape}, 1)"
                )
            self.in_shape = (self.in_shape, 1)
        self.out_shape = self.in_shape
        self.bias_size = self.in_shape[0]
        self.weight_shape = (self.bias_size, 1)
        self._detach(self._read_before() is not None)
        self._input_rows = ReshapedView((self.bias_size, -1))
        self._output_rows = ReshapedView((self.bias_size, -1))
        self._error_rows = ReshapedView((self.bias_size, -1))
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Add W to ``inputs``, in place if nobody else reads them."""
        self.inputs = inputs
        if not self.owns_output:
            self.outputs = inputs
        self.y = self._output_rows(self.outputs)
        self.y[:] = self._input_rows(inputs) + self.W
        return self.outputs

    @Layer.accumulates
    def bprop(self, error: Any) -> Any:
        """Compute dW and return the error unchanged."""
        self.dW[:] = self.be.sum(self._error_rows(error), axis=1)
        return error


class Activation(Layer):
    """Apply a transform element by element, in place.

    Gradient: ``deltas = transform.bprop(outputs) * error``; the transform
    receives the activation *output*.

    Args:
        transform: a Transform such as ``Rectlin()``.
    """

    overwrites_error = False
    reads_outputs = True
    nout: int

    def __init__(self, transform: Any, name: str | None = None) -> None:
        super().__init__(name)
        check_object(describe(self), "transform", transform, "Tanh()")
        self.transform = transform
        self.owns_output = False
        self.owns_delta = True
        self.nglayer: Any = None
        self._expressions = Expressions()

    def __str__(self) -> str:
        return f"Activation Layer '{self.name}': {type(self.transform).__name__}"

    def get_is_mklop(self) -> bool:
        """Return the transform's mkl flag (no effect on this backend)."""
        return bool(self.transform.is_mklop)

    def configure(self, in_obj: Any) -> Self:
        """Keep the input shape."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.nout, _ = interpret_in_shape(self.in_shape)
        self._detach(self._read_before() is not None)
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Transform ``inputs``, in place if nobody else reads them."""
        self.inputs = inputs
        if self.owns_output:
            self.outputs[:] = inputs  # some transforms change what they are given
        else:
            self.outputs = inputs
        outputs = self.outputs
        self._expressions.assign(
            outputs, self.transform, "__call__", (), lambda: self.transform(outputs)
        )
        return outputs

    def bprop(self, error: Any) -> Any:
        """Multiply the error by the derivative at the outputs, if a layer before needs it."""
        if self.deltas is not None:
            self._expressions.assign(
                self.deltas,
                self.transform,
                "bprop",
                (self.outputs, error),
                lambda: self.transform.bprop(self.outputs) * error,
            )
        return self.deltas


class DataTransform(Layer):
    """Apply a transform to the data, in place, as first layer of a network.

    Args:
        transform: a Transform such as ``Normalizer(divisor=128.)``.
    """

    nout: int

    def __init__(self, transform: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.transform = transform
        self.owns_output = False

    @property
    def needs_error(self) -> bool:
        """False: data needs no gradient."""
        return False

    def __str__(self) -> str:
        return f"DataTransform Layer '{self.name}': {type(self.transform).__name__}"

    def configure(self, in_obj: Any) -> Self:
        """Keep the input shape."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.nout, _ = interpret_in_shape(self.in_shape)
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Transform ``inputs`` in place and return them."""
        self.outputs = self.inputs = inputs
        inputs[:] = self.transform(inputs)
        return inputs

    def bprop(self, *args: Any) -> None:
        """Return None: data needs no gradient."""


class Dropout(Layer):
    """Keep each activation with probability ``keep`` while training, in place.

    Training: ``x * mask``; inference: ``x * keep``. In caffe compatibility mode
    training divides by ``keep`` and inference changes nothing. One mask is
    drawn at every training ``fprop``.

    Args:
        keep: probability of keeping an activation, above 0.

    Raises:
        ValueError: ``keep`` is no such probability.
    """

    nout: int

    def __init__(self, keep: float = 0.5, name: str | None = None) -> None:
        super().__init__(name)
        if not 0 < keep <= 1:
            raise ValueError(
                f"{describe(self)}: keep is the fraction of activations that stay, above 0 and at "
                f"most 1, got {keep}"
            )
        self.keep = keep
        self.keep_mask: Any = None
        self.caffe_mode = self.be.check_caffe_compat()
        self._train_scaling = 1.0 / keep if self.caffe_mode else 1.0
        self.owns_output = False

    def _configured_str(self) -> str:
        return (
            f"Dropout Layer '{self.name}': {self.nout} inputs and outputs, "
            f"keep {100 * self.keep:.0f}% (caffe_compat {self.caffe_mode})"
        )

    def configure(self, in_obj: Any) -> Self:
        """Keep the input shape."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.nout, _ = interpret_in_shape(self.in_shape)
        reader = self._read_before()
        # a mask changes no derivative of an activation before it where the error is not masked
        self._detach(reader is not None and (self.caffe_mode or not isinstance(reader, Activation)))
        if getattr(self.prev_layer, "shares_deltas", False):
            self.owns_delta = True
        return self

    @property
    def needs_error(self) -> bool:
        """Whether there is a layer before that uses the masked error."""
        return bool(self.prev_layer)

    def own_buffers(self) -> None:
        """Stop working in place, as first layer of a branch: others read the same inputs."""
        self.owns_output = self.owns_delta = True

    def allocate(self, shared_outputs: Any = None) -> None:
        """Make the mask."""
        super().allocate(shared_outputs)
        shape = buffer_shape(self.out_shape, self.be.bsz)
        if self.keep_mask is None or tuple(self.keep_mask.shape) != shape:
            self.keep_mask = self.be.iobuf(self.out_shape, parallelism=self.parallelism)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Mask ``inputs`` (training) or scale them (inference)."""
        self.inputs = inputs
        if not self.owns_output:
            self.outputs = inputs
        if inference:
            return self._fprop_inference(inputs)
        self.be.make_binary_mask(self.keep_mask, self.keep)
        masked = self.keep_mask * inputs
        self.outputs[:] = masked * self._train_scaling if self.caffe_mode else masked
        return self.outputs

    def _fprop_inference(self, inputs: Any) -> Any:
        if not self.caffe_mode:
            self.outputs[:] = inputs * self.keep
        elif self.outputs is not inputs:
            self.outputs[:] = inputs
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Mask the error, in place unless the layer has own deltas."""
        if not self.owns_delta:
            self.deltas = error
        if self.deltas is not None:
            scaling = alpha * self._train_scaling
            masked = self.keep_mask * error
            masked = masked if scaling == 1 else masked * scaling
            self.deltas[:] = masked if beta == 0 else masked + self.deltas * beta
        return self.deltas
