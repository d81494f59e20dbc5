"""``MultiOptimizer``: different update rules for different layers (spec training 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from neonlike.optimizers._base import Optimizer


class MultiOptimizer(Optimizer):
    """Choose an optimizer for each layer by its name, else by its class name, else "default".

    Class names are those of single layers ("Linear", "Bias", "Convolution",
    "LSTM", ...), never of compound ones ("Affine", "Conv"). Gradient-norm
    clipping works per optimizer.

    Args:
        optimizer_mapping: layer name or class name -> optimizer; must contain "default".
        name: name of the object.

    Raises:
        AssertionError: no "default".
        TypeError: a value is no optimizer.
    """

    def __init__(self, optimizer_mapping: dict[str, Any], name: str | None = None) -> None:
        super().__init__(name)
        self._reset_mapping(optimizer_mapping)

    def optimize(self, layer_list: Iterable[Any], epoch: int) -> None:
        """Let each optimizer update its layers."""
        for optimizer, layers in self._map_optimizers(list(layer_list)).items():
            optimizer.optimize(layers, epoch)

    def get_description(self, skip: list[str] = [], **kwargs: Any) -> dict[str, Any]:
        """Return ``{'type', 'config'}``; the config holds the mapping of key to description."""
        mapping = {key: opt.get_description() for key, opt in self.optimizer_mapping.items()}
        return {"type": self.modulenm, "config": {"optimizer_mapping": mapping}}

    @classmethod
    def gen_class(cls, pdict: Mapping[str, Any]) -> Self:
        """Build from the config of a description; optimizers are given as type/config dicts."""
        mapping = pdict["optimizer_mapping"]
        return cls({key: cls.recursive_gen(mapping, key) for key in mapping})

    def train_state(self) -> dict[str, Any]:
        """Return the train states of all optimizers, by key."""
        return {key: opt.train_state() for key, opt in self.optimizer_mapping.items()}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Hand out the train states, by key."""
        for key in state.keys() & self.optimizer_mapping.keys():
            self.optimizer_mapping[key].load_train_state(state[key])

    def _reset_mapping(self, new_mapping: dict[str, Any]) -> None:
        """Install another mapping."""
        if "default" not in new_mapping:
            raise AssertionError(
                f"optimizer_mapping needs a 'default' optimizer, got keys {sorted(new_mapping)}"
            )
        for key, value in new_mapping.items():
            if isinstance(value, type) or not hasattr(value, "optimize"):
                raise TypeError(
                    f"optimizer_mapping[{key!r}] must be an optimizer such as Adam(), got {value!r}"
                )
        self.optimizer_mapping = new_mapping
        self.map_list: dict[Any, list[Any]] = {}
        self.map_list_cache: list[Any] = []

    def _map_optimizers(self, layer_list: list[Any]) -> dict[Any, list[Any]]:
        """Return optimizer -> its layers, in order; worked out again when the layers change."""
        if layer_list != self.map_list_cache:
            self.map_list = {}
            for layer in layer_list:
                self.map_list.setdefault(self._choose(layer), []).append(layer)
            self.map_list_cache = layer_list
        return self.map_list

    def _choose(self, layer: Any) -> Any:
        mapping = self.optimizer_mapping
        default = mapping.get(type(layer).__name__, mapping["default"])
        return mapping.get(getattr(layer, "name", ""), default)
