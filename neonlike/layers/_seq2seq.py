"""Encoder and decoder with recurrent layers, connected by hidden states (spec layers 10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._container import LayerContainer
from neonlike.layers._encoder_decoder import Connections, Decoder, Encoder, recurrent_layers
from neonlike.layers._errors import describe
from neonlike.layers._lookup import LookupTable
from neonlike.layers._sequential import Sequential
from neonlike.layers.recurrent import get_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


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

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the container with ``num_encoder_layers`` and ``decoder_connections``."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
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
        self.xbuf = self.be.iobuf(self.out_shape)
        self._z = None

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
