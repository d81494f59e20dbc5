"""Skip-thought vectors: one encoder, two decoders for the neighbouring sentences (layers 10.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._compound import Affine
from neonlike.layers._errors import describe
from neonlike.layers._lookup import LookupTable
from neonlike.layers._sequential import Sequential
from neonlike.layers.recurrent import get_steps
from neonlike.serialization._registry import described_class, type_name
from neonlike.transforms.activation import Softmax

if TYPE_CHECKING:
    from typing import Self


class SkipThought(Sequential):
    """Encode a sentence and predict the previous and the next one.

    Inputs and outputs are lists: [sentence, previous, next] and [previous, next].

    Args:
        vocab_size: number of words.
        embed_dim: length of word vectors.
        init_embed: initializer of the embeddings.
        nhidden: number of hidden units.
        rec_layer: class of the recurrent layers, GRU or LSTM.
        init_rec: initializer of the recurrent weights.
        activ_rec, activ_rec_gate: activations of the recurrent layers.
        init_ff: initializer of input and output weights.
        init_const: initializer of the output biases.
        layers: the 12 layers, instead of new ones.
    """

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int,
        init_embed: Any,
        nhidden: int,
        rec_layer: Any,
        init_rec: Any,
        activ_rec: Any,
        activ_rec_gate: Any,
        init_ff: Any,
        init_const: Any,
        layers: list[Any] | None = None,
        name: str | None = None,
    ) -> None:
        self.vocab_size = vocab_size
        self.embed_dim = embed_dim
        self.init_embed = init_embed
        self.nhidden = nhidden
        if isinstance(rec_layer, str):  # a description from a file
            rec_layer = described_class(rec_layer, ("layers",), Layer)
        self.rec_layer = rec_layer
        self.init_rec = init_rec
        self.activ_rec = activ_rec
        self.activ_rec_gate = activ_rec_gate
        self.init_ff = init_ff
        self.init_const = init_const
        super().__init__(self._make_layers() if layers is None else layers, name)
        assert len(self.layers) == 12, (
            f"{describe(self)} consists of 12 layers, got {len(self.layers)}"
        )
        self._name_layers()
        self.owns_output = self.owns_delta = False
        self.error_ctx: Any = None

    def _make_layers(self) -> list[Any]:
        embeddings = [
            LookupTable(self.vocab_size, self.embed_dim, self.init_embed, pad_idx=0)
            for _ in range(3)
        ]
        recurrent = [
            self.rec_layer(
                self.nhidden,
                init=self.init_ff,
                init_inner=self.init_rec,
                activation=self.activ_rec,
                gate_activation=self.activ_rec_gate,
                reset_cells=True,
            )
            for _ in range(3)
        ]
        affine = [
            Affine(self.vocab_size, self.init_ff, bias=self.init_const, activation=Softmax())
            for _ in range(2)
        ]
        return [embeddings, recurrent, affine]

    def _name_layers(self) -> None:
        self.embed_s, self.embed_p, self.embed_n = self.layers[:3]
        self.encoder, self.decoder_p, self.decoder_n = self.layers[3:6]
        self.affine_p, self.affine_n = self.layers[6:9], self.layers[9:]
        self.layer_dict = {
            "lookupTable": self.embed_s,
            "encoder": self.encoder,
            "decoder_previous": self.decoder_p,
            "decoder_next": self.decoder_n,
            "affine": self.affine_n,
        }
        self._chains = [
            [self.embed_s, self.encoder],
            [self.embed_p, self.decoder_p, *self.affine_p],
            [self.embed_n, self.decoder_n, *self.affine_n],
        ]

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the container; the recurrent class by its name."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
        desc["config"]["rec_layer"] = type_name(self.rec_layer)
        return desc

    def get_terminal(self) -> Any:
        """Return the last layers for the previous and the next sentence."""
        return [self.affine_p[-1], self.affine_n[-1]]

    def configure(self, in_obj: Any) -> Self:
        """Configure the three chains of layers.

        Args:
            in_obj: list of three shapes, or an object whose ``.shape`` is one.
        """
        shapes = in_obj if isinstance(in_obj, list | tuple) else in_obj.shape
        assert len(shapes) == 3, (
            f"{describe(self)} needs the shapes of three sentences, got {shapes!r}"
        )
        self.prev_layer = None
        self.in_shape = list(shapes)
        for shape, chain in zip(shapes, self._chains, strict=True):
            source = shape
            for layer in chain:
                source = layer.configure(source)
        self.out_shape = [self.affine_p[-1].out_shape, self.affine_n[-1].out_shape]
        self.parallelism = self.layers[0].parallelism
        return self

    def allocate(  # neon's: both outputs start with the same weights
        self, shared_outputs: Any = None, accumulate_updates: bool = False
    ) -> None:
        """Allocate all layers; both output layers start with the same weights."""
        super().allocate(shared_outputs, accumulate_updates)
        self.affine_p[0].W[:] = self.affine_n[0].W
        self.error_ctx = self.be.iobuf(self.encoder.out_shape)

    def set_deltas(self, global_deltas: DeltasTree) -> None:
        """Give each chain of layers delta buffers of its own."""
        for chain in self._chains:
            tree = DeltasTree()
            for layer in chain[1:]:
                layer.allocate_deltas(tree)
            tree.allocate_buffers()
            for layer in chain:
                layer.set_deltas(tree)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:  # type: ignore[override]  # neon's
        """Return the word probabilities [previous, next] for [sentence, previous, next]."""
        sentence, previous, following = inputs
        self.encoder.fprop(self.embed_s.fprop(sentence, inference), inference)
        context = self.encoder.final_state()
        outputs = []
        for chain, words in zip(self._chains[1:], (previous, following), strict=True):
            embedding, decoder, *affine = chain
            x = decoder.fprop(embedding.fprop(words, inference), inference, init_state=context)
            for layer in affine:
                x = layer.fprop(x, inference)
            outputs.append(x)
        return outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        """Propagate [previous, next] errors back and tie the gradients of corresponding layers."""
        self.error_ctx.fill(0)
        last = get_steps(self.error_ctx, self.encoder.out_shape)[-1]
        for chain, part in zip(self._chains[:0:-1], reversed(error), strict=True):
            embedding, decoder, *affine = chain
            for layer in reversed(affine):
                part = layer.bprop(part)
            embedding.bprop(decoder.bprop(part))
            last[:] = last + decoder.get_final_hidden_error()
        self.embed_s.bprop(self.encoder.bprop(self.error_ctx))
        self._average([self.embed_s, self.embed_p, self.embed_n])
        self._average([self.affine_p[0], self.affine_n[0]])
        self._average([self.affine_p[1], self.affine_n[1]])

    def _average(self, layers: list[Any]) -> None:
        """Give all ``layers`` the mean of their gradients."""
        first = layers[0].dW
        total = first
        for layer in layers[1:]:
            total = total + layer.dW
        first[:] = total * (1.0 / len(layers))
        for layer in layers[1:]:
            layer.dW[:] = first
