"""Base of containers: walking, describing and loading their members (spec layers 4 and 10)."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._conv_bias import Convolution_bias
from neonlike.layers._errors import add_context, describe


def flatten(item: Any) -> Iterator[Any]:
    """Yield the members of nested lists and tuples (compound layers are lists) one by one."""
    if isinstance(item, list | tuple):
        for member in item:
            yield from flatten(member)
    else:
        yield item


def pairwise(iterable: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield successive overlapping pairs: (s0, s1), (s1, s2), ..."""
    return itertools.pairwise(iterable)


def takes(method: Any, argument: str) -> bool:
    """Whether ``method`` can be called with the keyword ``argument``."""
    parameters = inspect.signature(method).parameters.values()
    return any(p.name == argument or p.kind is p.VAR_KEYWORD for p in parameters)


def takes_scale(bprop: Any) -> bool:
    """Whether ``bprop`` can be called as ``bprop(error, alpha, beta)``."""
    try:
        inspect.signature(bprop).bind(None, 1.0, 0.0)
    except TypeError:
        return False
    return True


def allocate_layer(layer: Layer, shared_outputs: Any, accumulate_updates: bool) -> None:
    """Call ``layer.allocate``, with ``accumulate_updates`` only where it is known."""
    try:
        if accumulate_updates and takes(layer.allocate, "accumulate_updates"):
            layer.allocate(shared_outputs=shared_outputs, accumulate_updates=True)  # type: ignore[call-arg]  # checked above
        else:
            layer.allocate(shared_outputs=shared_outputs)
    except Exception as error:
        add_context(error, layer, "allocating")
        raise


def fuse_pairs(configs: list[Any], targets: list[Layer] | None = None) -> list[Any]:
    """Pair each convolution in a saved layer list with a bias that directly follows.

    neon up to 2.2 saved ``Conv(bias=...)`` as two layers.

    Args:
        configs: layer descriptions, left unchanged.
        targets: the layers to load into: a pair is made only for a Convolution_bias.

    Returns:
        A new list in which a pair is a list [convolution, bias].
    """
    fused: list[Any] = []
    index = 0
    while index < len(configs):
        kinds = [str(config.get("type", "")) for config in configs[index : index + 2]]
        pair = (
            len(kinds) == 2
            and kinds[0].endswith("layer.Convolution")
            and kinds[1].endswith("layer.Bias")
        )
        if pair and targets is not None:
            place = len(fused)
            pair = place < len(targets) and isinstance(targets[place], Convolution_bias)
        fused.append(configs[index : index + 2] if pair else configs[index])
        index += 2 if pair else 1
    return fused


class LayerContainer(Layer):
    """Base of layers that are made of layers, the list ``layers``."""

    layers: list[Any]

    def _note_accumulation(self, accumulate_updates: bool) -> None:
        """Remember whether the members were allocated for accumulating gradients."""
        self.accumulate_updates = accumulate_updates or getattr(self, "accumulate_updates", False)

    @property
    def layers_to_optimize(self) -> list[Layer]:
        """All layers with parameters, depth first, without those frozen by an IdentityInit."""
        found: list[Layer] = []
        for layer in self.layers:
            if isinstance(layer, LayerContainer):
                found.extend(layer.layers_to_optimize)
            elif layer.has_params and not _is_frozen(layer):
                found.append(layer)
        return found

    @property
    def nest_deltas(self) -> bool:
        """Whether the members use delta buffers of a level of their own."""
        return False

    def nested_str(self, level: int = 0) -> str:
        """Return the class name and, indented below, the members."""
        indent = "  " * level
        members = [indent + layer.nested_str(level + 1) for layer in self.layers]
        return "\n".join([indent + self.classnm, *members])

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the container and, in config 'layers', its members."""
        skip = [*kwargs.pop("skip", []), "layers"]
        desc = super().get_description(skip=skip, **kwargs)
        desc["container"] = True
        desc["config"]["layers"] = [
            layer.get_description(get_weights=get_weights, keep_states=keep_states)
            for layer in self.layers
        ]
        self._desc = desc
        return desc

    def fusion_pass(self, layers: list[Any]) -> list[Any]:
        """Return a saved layer list with each convolution and following bias as a pair."""
        return fuse_pairs(layers)

    def load_weights(self, pdict: Any, load_states: bool = True) -> None:
        """Load the members' weights from a description, matched by position.

        Raises:
            AssertionError: another number of layers.
        """
        configs = fuse_pairs(pdict["config"]["layers"], self.layers)
        assert len(configs) == len(self.layers), (
            f"{describe(self)} has {len(self.layers)} layers, the description has {len(configs)}; "
            "it belongs to another architecture"
        )
        for layer, config in zip(self.layers, configs, strict=True):
            layer.load_weights(config, load_states)

    def propagate_parallelism(self, p: str) -> None:
        """Hand the label ``p`` down the members; each passes its own on to the next."""
        for layer in self.layers:
            if isinstance(layer, LayerContainer):
                layer.parallelism = p
                layer.propagate_parallelism(p)
                p = next(flatten(layer.get_terminal())).parallelism
            else:
                if layer.parallelism == "Unknown":
                    layer.parallelism = p
                p = layer.parallelism

    def set_deltas(self, global_deltas: DeltasTree) -> None:
        """Give delta buffers to all members."""
        for layer in self.layers:
            layer.set_deltas(global_deltas)

    def set_batch_size(self, N: int) -> None:
        """Use only the first ``N`` samples in all members."""
        super().set_batch_size(N)
        for layer in self.layers:
            layer.set_batch_size(N)

    def set_seq_len(self, S: int) -> None:
        """Use only the first ``S`` steps in all members."""
        super().set_seq_len(S)
        for layer in self.layers:
            layer.set_seq_len(S)

    def set_acc_on(self, acc_on: bool) -> None:
        """Switch gradient accumulation in all members that can.

        Raises:
            BufferError: the container was not allocated.
        """
        super().set_acc_on(acc_on)
        for layer in self.layers:
            if hasattr(layer, "accumulate_updates"):
                layer.set_acc_on(acc_on)

    def layers_fprop(self) -> Iterator[Layer]:
        """Yield the members in forward order, each container followed by its own members."""
        for layer in self.layers:
            yield layer
            if isinstance(layer, LayerContainer):
                yield from layer.layers_fprop()

    def layers_bprop(self) -> Iterator[Layer]:
        """Yield the members in backward order, each container preceded by its own members."""
        for layer in reversed(self.layers):
            if isinstance(layer, LayerContainer):
                yield from layer.layers_bprop()
            yield layer

    def revert_tensors(self) -> None:
        """Undo placements of tensors; there are none on one CPU."""
        for layer in self.layers_fprop():
            for tensor in layer.revert_list:
                self.be.revert_tensor(tensor)


def _is_frozen(layer: Layer) -> bool:
    return getattr(getattr(layer, "init", None), "name", None) == "Identity"
