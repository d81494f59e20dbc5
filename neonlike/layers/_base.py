"""Base of all layers: the life cycle.

A layer lives through ``configure`` (shapes), ``allocate`` (outputs, weights),
``allocate_deltas`` and ``set_deltas`` (buffers of backpropagated errors), then
any number of ``fprop``/``bprop``. Spec: layers 3 and 13.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from neonlike._object import NervanaObject
from neonlike.layers._deltas import DeltasTree as DeltasTree
from neonlike.layers._errors import describe
from neonlike.layers._shapes import plain_shape

if TYPE_CHECKING:
    from typing import Self

Method = TypeVar("Method", bound=Callable[..., Any])


class Layer(NervanaObject):
    """Base of everything that has ``fprop`` and ``bprop``.

    Args:
        name: given name or None for ``ClassName_k``.
        parallelism: a label ("Unknown", "Disabled", "Data"); no effect on one CPU.

    Attributes:
        in_shape, out_shape, prev_layer: set by ``configure``.
        next_layer: set by the container.
        outputs, inputs, deltas: tensors, or None before allocation. ``deltas``
            stays None in the first layer of a network: nobody needs the
            gradient of the data.
        owns_output: whether ``allocate`` makes an output buffer (in-place layers: False).
        owns_delta: whether ``set_deltas`` gives the layer a delta buffer.
        position: place in the container, for error messages.
    """

    # successors accumulate their deltas in this layer's buffer (branch nodes)
    shares_deltas = False
    # bprop may write into the error it is given; assumed of layers we do not know
    overwrites_error = True
    # fprop can add to old outputs, and bprop does not read the outputs
    accumulates_outputs = False
    # somebody reads the outputs after fprop, so that following layers must not change them
    reads_outputs = False
    # an in-place layer that was given outputs of its own for this reason
    detached = False
    # scratch attribute -> gradient attribute, of layers that can accumulate gradients
    _accumulators: ClassVar[dict[str, str]] = {}
    position = ""
    in_shape: Any
    out_shape: Any
    prev_layer: Any
    accumulate_updates: bool
    acc_params: list[tuple[Any, Any]]

    def __init__(self, name: str | None = None, parallelism: str = "Unknown") -> None:
        super().__init__(name)
        # Any: tensors, None until allocated
        self.outputs: Any = None
        self.inputs: Any = None
        self.deltas: Any = None
        self.has_params = False
        self.owns_output = True
        self.owns_delta = False
        self.parallelism = parallelism
        self.revert_list: list[Any] = []
        self.next_layer: Any = None
        self.actual_bsz: int | None = None
        self.actual_seq_len: int | None = None
        self.acc_on = False
        self.is_mklop = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def __str__(self) -> str:
        known = hasattr(self, "out_shape")
        return self._configured_str() if known else Layer._configured_str(self)

    def _configured_str(self) -> str:
        """Return the line that ``str`` gives once the shapes are known."""
        return f"{type(self).__name__} {self.name}"

    def nested_str(self, level: int = 0) -> str:
        """Return the description used in the printed model, indented by ``level``."""
        return "  " * level + str(self)

    def get_is_mklop(self) -> bool:
        """Return the stored mkl flag (no effect on this backend)."""
        return self.is_mklop

    def set_is_mklop(self) -> None:
        """Set the mkl flag (no effect on this backend)."""
        self.is_mklop = True

    def set_not_mklop(self) -> None:
        """Clear the mkl flag (no effect on this backend)."""
        self.is_mklop = False

    def configure(self, in_obj: Any) -> Self:
        """Take the input shape from ``in_obj``; subclasses then set ``out_shape``.

        Args:
            in_obj: the previous layer, a shape (int, tuple, list of shapes), a
                tensor, or an object with ``.shape`` (data iterator).
        """
        if isinstance(in_obj, Layer):
            self.prev_layer = in_obj
            self.in_shape = in_obj.out_shape
            if self.parallelism == "Unknown":
                self.parallelism = in_obj.parallelism
        else:
            self.prev_layer = None
            self.in_shape = self._shape_of(in_obj)
        return self

    def _shape_of(self, in_obj: Any) -> Any:
        if isinstance(in_obj, Integral | tuple | list):
            return plain_shape(in_obj)
        if hasattr(in_obj, "asnumpyarray"):
            return (in_obj.shape[0], in_obj.shape[1] // self.be.bsz)
        if not hasattr(in_obj, "shape"):
            raise TypeError(
                f"{describe(self)} cannot read an input shape from {in_obj!r}; give a layer, "
                "an int, a tuple, or an object with .shape"
            )
        return plain_shape(in_obj.shape)

    def allocate(self, shared_outputs: Any = None) -> None:
        """Make the output buffer, unless there is one or the layer works in place.

        Args:
            shared_outputs: tensor whose memory to use instead of new memory.
        """
        if self.outputs is None and self.owns_output:
            self.outputs = self.be.iobuf(self.out_shape, shared=shared_outputs)

    @property
    def needs_error(self) -> bool:
        """Whether ``bprop`` uses the error it is given."""
        return True

    @property
    def outputs_reader(self) -> Layer | None:
        """The layer whose outputs share memory with this one's and are read after fprop, if any."""
        if self.reads_outputs:
            return self
        prev = getattr(self, "prev_layer", None)
        if self.owns_output or not isinstance(prev, Layer):
            return None
        return prev.outputs_reader

    def _read_before(self) -> Layer | None:
        """The layer before whose outputs must stay as they are, if any."""
        return self.prev_layer.outputs_reader if isinstance(self.prev_layer, Layer) else None

    def _detach(self, detached: bool) -> None:
        """Give an in-place layer outputs of its own, or take them away again."""
        if detached != self.detached:
            self.detached = self.owns_output = detached

    def allocate_deltas(self, global_deltas: DeltasTree) -> None:
        """Tell ``global_deltas`` how much room the deltas need."""
        global_deltas.proc_layer(self)

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take a delta buffer: the branch node's, or the tree's next one.

        ``deltas`` is None for layers without own deltas, for the first layer
        (``prev_layer`` None) and after a first layer that needs no error, such
        as a data transform. ``prev_layer = True`` forces a buffer.
        """
        self.deltas = None
        prev = self.prev_layer
        if not (self.owns_delta and prev and getattr(prev, "needs_error", True)):
            return
        if getattr(prev, "shares_deltas", False):
            self.deltas = prev.deltas
        else:
            self.deltas = self.be.iobuf(self.in_shape, shared=delta_buffers.buffers[0])
            delta_buffers.buffers.reverse()

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute the outputs.

        Raises:
            NotImplementedError: always, here in the base class.
        """
        raise NotImplementedError(f"{describe(self)} does not define fprop")

    def _fprop_inference(self, inputs: Any) -> Any:
        raise NotImplementedError(f"{describe(self)} does not define _fprop_inference")

    def bprop(self, error: Any) -> Any:
        """Compute the parameter gradients and return the deltas.

        Raises:
            NotImplementedError: always, here in the base class.
        """
        raise NotImplementedError(f"{describe(self)} does not define bprop")

    def get_terminal(self) -> Any:
        """Return the layer whose outputs leave (containers: their last one)."""
        return self

    def set_next(self, layer: Any) -> None:
        """Remember the following layer."""
        self.next_layer = layer

    def serialize(self) -> Any:
        """Return ``get_params()``, or None for a layer without parameters."""
        return self.get_params() if self.has_params else None

    def get_params(self) -> Any:
        """Return the pairs for the optimizer; only layers with parameters have any.

        Raises:
            NotImplementedError: ``has_params`` is set but the subclass gives none.
        """
        raise NotImplementedError(
            f"{describe(self)} does not define get_params; model.layers_to_optimize leaves out "
            "layers without parameters"
        )

    def get_param_attrs(self) -> dict[str, bool]:
        """Return the placement keywords for ``be.empty`` and its kin (no effect on one CPU)."""
        return {
            "parallel": self.parallelism in ("Data", "Model"),
            "distributed": self.parallelism == "Model",
        }

    def set_params(self, pdict: dict[str, Any]) -> None:
        """Load parameters; nothing to do here."""

    def set_states(self, pdict: dict[str, Any]) -> None:
        """Load optimizer states; nothing to do here."""

    def load_weights(self, pdict: Any, load_states: bool = True) -> None:
        """Load parameters and, if asked for, optimizer states from a description."""
        self.set_params(pdict)
        if load_states:
            self.set_states(pdict)

    def train_state(self) -> dict[str, Any]:
        """Return what flows from one training minibatch to the next besides the parameters."""
        return {}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Let the next minibatch start from a ``train_state``; call it after ``allocate``."""

    def set_batch_size(self, N: int) -> None:
        """Use only the first ``N`` samples of the buffers (honoured by Linear)."""
        self.actual_bsz = N

    def set_seq_len(self, S: int) -> None:
        """Use only the first ``S`` steps of the buffers (honoured by Linear)."""
        self.actual_seq_len = S

    def set_acc_on(self, acc_on: bool) -> None:
        """Switch the accumulation of gradients over several ``bprop`` calls.

        Raises:
            BufferError: the layer was not allocated with the facility.
        """
        if not hasattr(self, "accumulate_updates"):
            raise BufferError(
                f"{describe(self)} was not allocated with accumulate_updates, "
                "so it cannot accumulate gradients; call allocate(accumulate_updates=True) first"
            )
        if self.accumulate_updates:
            self.acc_on = acc_on

    @staticmethod
    def accumulates(f: Method) -> Method:
        """Decorate ``bprop`` so that it adds to the gradients while ``acc_on`` is set.

        Raises:
            TypeError: at the call, if the method is not one of a Layer.
        """

        @functools.wraps(f)
        def bprop(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(self, Layer):
                raise TypeError(f"accumulates works on methods of a Layer, not of {type(self)}")
            if not self.acc_on:
                return f(self, *args, **kwargs)
            for scratch, gradient in self.acc_params:
                scratch[:] = gradient
            deltas = f(self, *args, **kwargs)
            for scratch, gradient in self.acc_params:
                gradient[:] = gradient + scratch
            return deltas

        return bprop  # type: ignore[return-value]  # same signature as f by construction

    def _allocate_accumulators(self, enabled: bool) -> None:
        """Make the scratch tensors named in ``_accumulators``.

        A second ``allocate`` (the container's, without the flag) keeps what the first made.
        """
        self.accumulate_updates = enabled or getattr(self, "accumulate_updates", False)
        if not enabled:
            return
        self.acc_params = []
        for scratch_name, gradient_name in self._accumulators.items():
            gradient = getattr(self, gradient_name)
            setattr(self, scratch_name, self.be.empty_like(gradient))
            self.acc_params.append((getattr(self, scratch_name), gradient))
