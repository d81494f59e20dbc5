"""``ModelDescription``: look into a saved model (spec util 4)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neonlike.serialization._objects import load_obj


class ModelDescription(dict[str, Any]):
    """The dictionary of a saved model, with queries.

    Two descriptions are equal if their models have the same structure and
    content; names of layers do not count.

    Args:
        pdict: the dictionary, or the path of a saved model.

    Example::

        names = ModelDescription("net.prm").layers()
        weights = ModelDescription("net.prm").getlayer(names[0])["params"]["W"]
    """

    def __init__(self, pdict: Mapping[str, Any] | str | os.PathLike[str]) -> None:
        super().__init__(pdict if isinstance(pdict, Mapping) else load_obj(pdict))

    @property
    def version(self) -> str:
        """The neon version that wrote the model."""
        version: str = self["neon_version"]
        return version

    def layers(self, field: str = "name", regex: str | None = None) -> list[Any]:
        """Return the values of a config field of all layers, depth first.

        Args:
            field: name of the field; layers without it are left out.
            regex: pattern that text values must match (from their start).
        """
        return self.find_layers(self["model"]["config"], field, regex)

    def getlayer(self, layer_name: str) -> dict[str, Any] | None:
        """Return the description of a layer, None if there is none of that name."""
        return self.find_by_name(self["model"]["config"], layer_name)

    @staticmethod
    def find_layers(layers: Mapping[str, Any], field: str, regex: str | None = None) -> list[Any]:
        """Return the values of a field below a container's config, see ``layers``."""
        found = [layer["config"][field] for layer in _walk(layers) if field in layer["config"]]
        if regex is None:
            return found
        return [value for value in found if isinstance(value, str) and re.match(regex, value)]

    @staticmethod
    def find_by_name(layers: Mapping[str, Any], layer_name: str) -> dict[str, Any] | None:
        """Return the layer of a name below a container's config, or None."""
        for layer in _walk(layers):
            if layer["config"].get("name") == layer_name:
                return layer
        return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping) or "model" not in self or "model" not in other:
            return False
        return self.match(self["model"], other["model"])

    def __ne__(self, other: object) -> bool:
        return not self == other

    @staticmethod
    def match(o1: Any, o2: Any) -> bool:
        """Tell whether two nested structures are equal; keys 'name' do not count."""
        if type(o1) is not type(o2):
            return False
        if isinstance(o1, Mapping):
            keys = o1.keys() - {"name"}
            return keys == o2.keys() - {"name"} and all(
                ModelDescription.match(o1[key], o2[key]) for key in keys
            )
        if isinstance(o1, Sequence) and not isinstance(o1, str | bytes):
            return len(o1) == len(o2) and all(map(ModelDescription.match, o1, o2))
        if isinstance(o1, np.ndarray):
            return np.array_equal(o1, o2)
        return bool(o1 == o2)


def _walk(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the descriptions of all layers below a container's config, depth first."""
    for layer in config.get("layers", []):
        yield layer
        yield from _walk(layer["config"])
