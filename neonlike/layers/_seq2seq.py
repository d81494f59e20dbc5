"""Encoder and decoder with recurrent layers, connected by hidden states (spec layers 10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._container import LayerContainer
from neonlike.layers._errors import describe
from neonlike.layers._lookup import LookupTable
from neonlike.layers._sequential import Sequential
from neonlike.layers.recurrent import Recurrent, get_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
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

    @property
    def single_step(self) -> bool:
        """Whether the decoder is set up for one step at a time."""
        return bool(self.in_shape != self._full_shape)

    def switch_mode(self, inference: bool) -> None:
        """Set the decoder up for single steps (inference) or whole sequences; keep weights."""
        full = self._full_shape
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


class Seq2Seq(LayerContainer):
    """Encoder and decoder; training feeds both, inference feeds outputs back.

    Args:
        layers: [encoder, decoder], each an Encoder or Decoder, a list of layers or a layer.
        decoder_connections: for each recurrent layer of the decoder the index
            of the encoder's recurrent layer it starts from, or None. One to
            one if not given.

    Raises:
        AssertionError: not two members, or connections that do not fit.
    """

    def __init__(
        self, layers: Any, decoder_connections: Connections | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        assert len(layers) == 2, f"{describe(self)} needs [encoder, decoder], got {len(layers)}"
        self.encoder: Encoder = self._member(layers[0], Encoder)
        self.decoder: Decoder = self._member(layers[1], Decoder)
        self.layers = self.encoder.layers + self.decoder.layers
        self.decoder_connections = self._check_connections(decoder_connections)
        self.encoder.set_connections(self.decoder_connections)
        self.decoder.set_connections(self.decoder_connections)
        self.hasLUT = isinstance(self.encoder.layers[0], LookupTable)
        self.xbuf: Any = None
        self._z: Any = None

    def _member(self, member: Any, kind: type[Encoder] | type[Decoder]) -> Any:
        if isinstance(member, kind):
            return member
        if isinstance(member, Sequential):
            return kind(member.layers)
        if isinstance(member, list | tuple | Layer):
            return kind(member)
        raise ValueError(
            f"{describe(self)}: expected {kind.__name__}, list of layers or layer, got {member!r}"
        )

    def _check_connections(self, given: Connections | None) -> Connections:
        sources, targets = (len(recurrent_layers(c)) for c in (self.encoder, self.decoder))
        if given is None:
            assert sources == targets, (
                f"{describe(self)}: encoder and decoder have {sources} and {targets} recurrent "
                "layers; give decoder_connections"
            )
            return list(range(targets))
        fits = all(i is None or 0 <= i < sources for i in given)
        assert len(given) == targets, (
            f"{describe(self)}: expected one connection for each of the decoder's {targets} "
            f"recurrent layers, got {given}"
        )
        assert fits, (
            f"{describe(self)}: connections must be None or the index of one of the encoder's "
            f"{sources} recurrent layers, got {given}"
        )
        return list(given)

    @classmethod
    def gen_class(cls, pdict: Mapping[str, Any]) -> Self:
        """Rebuild from a description: a flat list of layers and the number in the encoder."""
        config = {key: cls.recursive_gen(pdict, key) for key in pdict}
        split = config.pop("num_encoder_layers")
        layers = config.pop("layers")
        return cls(layers=[Encoder(layers[:split]), Decoder(layers[split:])], **config)

    def get_description(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe the container with ``num_encoder_layers`` and ``decoder_connections``."""
        desc = super().get_description(*args, **kwargs)
        desc["config"]["num_encoder_layers"] = len(self.encoder.layers)
        desc["config"]["decoder_connections"] = self.decoder_connections
        return desc

    def get_terminal(self) -> Any:
        """Return the decoder's last layer."""
        return self.decoder.get_terminal()

    def configure(self, in_obj: Any) -> Self:
        """Configure encoder and decoder.

        Args:
            in_obj: data set with ``.shape`` and ``.decoder_shape``, or the two shapes in
                one tuple of four.

        Raises:
            AssertionError: another length.
        """
        shape = in_obj
        if hasattr(in_obj, "decoder_shape"):
            shape = (*in_obj.shape, *in_obj.decoder_shape)
        fits = isinstance(shape, tuple) and len(shape) == 4
        assert fits, (
            f"{describe(self)} needs the shapes of encoder and decoder input in one tuple "
            f"(features, steps, features, steps), got {shape!r}"
        )
        self.prev_layer = None
        self.in_shape = shape
        self.encoder.configure(shape[:2])
        self.decoder.configure(shape[2:])
        self.out_shape = self.decoder.out_shape
        self.parallelism = self.decoder.parallelism
        return self

    def allocate(self, shared_outputs: Any = None) -> None:
        """Allocate the decoder, then the encoder."""
        self.decoder.allocate(shared_outputs)
        self.encoder.allocate()
        self.outputs = self.decoder.get_terminal().outputs
        if self.xbuf is None:
            self.xbuf = self.be.iobuf(self.out_shape)

    def allocate_deltas(self, global_deltas: DeltasTree | None = None) -> None:
        """Make delta buffers for encoder and decoder."""
        self.encoder.allocate_deltas()
        self.decoder.allocate_deltas()

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute the output sequence.

        Args:
            inputs: (encoder input, decoder input); for inference the encoder input is enough.
        """
        if inference:
            x = inputs[0] if isinstance(inputs, list | tuple) else inputs
            return self._generate(x)
        x, z = inputs
        self.decoder.switch_mode(inference=False)
        self.encoder.fprop(x)
        states = self.encoder.get_final_states(self.decoder_connections)
        return self.decoder.fprop(z, init_state_list=states)

    def _generate(self, x: Any) -> Any:
        """Run the decoder step by step on its own outputs."""
        self.decoder.switch_mode(inference=True)
        self.encoder.fprop(x, inference=True)
        states = self.encoder.get_final_states(self.decoder_connections)
        z = self._start_token()
        for step in get_steps(self.xbuf, self.out_shape):
            output = self.decoder.fprop(z, inference=True, init_state_list=states)
            step[:] = output
            z[:] = self.be.argmax(output, axis=0) if self.hasLUT else output
            states = [layer.final_state() for layer in recurrent_layers(self.decoder)]
        return self.xbuf

    def _start_token(self) -> Any:
        """The decoder's input buffer for one step, zero."""
        features = self.decoder.in_shape[0]
        if not self.hasLUT and features != self.out_shape[0]:
            raise ValueError(
                f"{describe(self)} cannot feed its outputs ({self.out_shape[0]} features) back "
                f"into the decoder, which reads {features} features"
            )
        if self._z is None:
            self._z = self.be.iobuf((features, 1))
        self._z.fill(0)
        return self._z

    def bprop(
        self, error: Any, inference: bool = False, alpha: float = 1.0, beta: float = 0.0
    ) -> Any:
        """Propagate the error through decoder and encoder."""
        hidden_errors = self.decoder.bprop(error, inference, alpha, beta)
        return self.encoder.bprop(hidden_errors, inference, alpha, beta)
