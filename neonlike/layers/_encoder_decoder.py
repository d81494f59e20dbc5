"""The two parts of Seq2Seq: layers that read and layers that write a sequence (layers 10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree
from neonlike.layers._errors import describe
from neonlike.layers._lookup import LookupTable
from neonlike.layers._sequential import Sequential
from neonlike.layers.recurrent import Recurrent, get_steps

if TYPE_CHECKING:
    from typing import Self

Connections = list[int | None]


def recurrent_layers(container: Sequential) -> list[Any]:
    """The members that are Recurrent, LSTM or GRU."""
    return [layer for layer in container.layers if isinstance(layer, Recurrent)]


class Encoder(Sequential):
    """Layers that read the input sequence; their final states go to a decoder.

    Attributes:
        connections: for each recurrent layer of the decoder, the index of the
            recurrent layer here whose final state it starts from, or None.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(layers, name)
        self.connections: Connections = []
        self.error_buf: Any = None
        self.error_slices: list[Any] = []

    def allocate_deltas(self, global_deltas: DeltasTree | None = None) -> None:
        """Make delta buffers and the error buffer from which ``bprop`` starts."""
        super().allocate_deltas(global_deltas)
        self.error_buf = self.be.iobuf(self.out_shape)
        self.error_slices = get_steps(self.error_buf, self.out_shape)

    def set_connections(self, decoder_cons: Connections) -> None:
        """Remember which recurrent layers the decoder starts from."""
        self.connections = decoder_cons

    def get_final_states(self, decoder_cons: Connections) -> list[Any]:
        """Return the initial state of each recurrent layer of the decoder (None: zeros)."""
        sources = recurrent_layers(self)
        return [None if i is None else sources[i].final_state() for i in decoder_cons]

    def bprop(  # type: ignore[override]  # neon's signature: starts from hidden-state errors
        self,
        hidden_error_list: list[Any],
        inference: bool = False,
        alpha: float = 1.0,
        beta: float = 0.0,
    ) -> Any:
        """Propagate the errors of the final states back.

        As in neon, only the topmost recurrent layer receives them, at its last step.

        Args:
            hidden_error_list: one error per recurrent layer of the decoder.
        """
        self.error_buf.fill(0)
        top = len(recurrent_layers(self)) - 1
        last = self.error_slices[-1]
        for connection, error in zip(self.connections, hidden_error_list, strict=True):
            if connection == top:
                last[:] = last + error
        return super().bprop(self.error_buf, alpha, beta)


class Decoder(Sequential):
    """Layers that write the output sequence, starting from given hidden states.

    Args:
        start_index: token that starts every sequence in beam search.

    Attributes:
        full_steps: number of steps in training.
    """

    def __init__(
        self, layers: Any, name: str | None = None, start_index: int | None = None
    ) -> None:
        super().__init__(layers, name)
        self.start_index = start_index
        self.connections: Connections = []
        self.full_steps: int | None = None
        self._full_shape: Any = None

    def set_connections(self, decoder_cons: Connections) -> None:
        """Remember the connections to the encoder."""
        self.connections = decoder_cons

    def configure(self, in_obj: Any) -> Self:
        """Configure for whole sequences."""
        super().configure(in_obj)
        self._full_shape = self.in_shape
        self.full_steps = self.out_shape[1]
        return self

    def switch_mode(self, inference: bool) -> None:
        """Set the decoder up for single steps (inference) or whole sequences; keep weights."""
        full = self._full_shape
        if full is None:
            raise ValueError(f"{describe(self)} has no shapes yet; initialize the model first")
        if isinstance(self.layers[0], LookupTable):
            shape = (1, 1) if inference else full
        else:
            shape = (full[0], 1) if inference else full
        if shape == self.in_shape:
            return
        for layer in self.layers:
            layer.outputs = None
        super().configure(shape)
        self.allocate()
        if not inference:
            self.allocate_deltas()

    def fprop(  # type: ignore[override]  # neon's signature: init_state_list
        self, x: Any, inference: bool = False, init_state_list: list[Any] | None = None
    ) -> Any:
        """Propagate ``x``, the recurrent layers starting from the given states.

        Raises:
            ValueError: fewer states than recurrent layers.
        """
        states = None if init_state_list is None else list(init_state_list)
        needed = len(recurrent_layers(self))
        if states is not None and len(states) < needed:
            raise ValueError(
                f"{describe(self)} has {needed} recurrent layers, but got {len(states)} states"
            )
        for layer in self.layers:
            if states is not None and isinstance(layer, Recurrent):
                x = layer.fprop(x, inference=inference, init_state=states.pop(0))
            else:
                x = layer.fprop(x, inference=inference)
        return x

    def bprop(  # type: ignore[override]  # neon's signature: inference
        self, error: Any, inference: bool = False, alpha: float = 1.0, beta: float = 0.0
    ) -> list[Any]:
        """Propagate the error back.

        Returns:
            The errors of the initial states, one per recurrent layer.
        """
        super().bprop(error, alpha, beta)
        return [layer.get_final_hidden_error() for layer in recurrent_layers(self)]
