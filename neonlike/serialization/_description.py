"""Check descriptions from files before anything is built from them.

A description names classes and their arguments, so a hostile one could ask for
any class of any module. Only classes of the areas that belong there are
accepted, and modules outside the package only if the program has imported them.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from neonlike._object import NervanaObject
from neonlike.serialization._registry import described_class, nearest
from neonlike.serialization._tensor_file import shown

NETWORK = ("initializers", "layers", "transforms")
EXPERIMENT = (*NETWORK, "callbacks", "data", "optimizers")
MAX_ENTRIES = 1_000_000  # shared parts of a pickle count as often as they are referred to


def check_model(content: Any, source: str, build: bool) -> None:
    """Check the content of a model file.

    Args:
        content: what the file holds.
        source: name of the file, for messages.
        build: check also the types and their arguments, because layers will
            be built from them.

    Raises:
        ValueError: it holds no model, or one that cannot be built.
    """
    try:
        _check_model(content, build)
    except ValueError as error:
        raise ValueError(f"{source} cannot be loaded: {error}") from None


def check_objects(description: Any, what: str) -> None:
    """Check the description of callbacks or of a data set, before it is built.

    Raises:
        ValueError: it asks for a class that no file may ask for.
    """
    _Check(EXPERIMENT).run(description, what)


def _check_model(content: Any, build: bool) -> None:
    if not isinstance(content, Mapping):
        raise ValueError(f"it holds no model but a {type(content).__name__}")
    if not isinstance(content.get("epoch_index", 0), int):
        raise ValueError(f"its epoch_index is {shown(content['epoch_index'])}, not a number")
    if "model" not in content:
        _check_old(content)
        return
    for key in ("backend", "train_state"):
        if not isinstance(content.get(key, {}), Mapping):
            raise ValueError(f"its {key} is {shown(content[key])}, not a dict")
    network = content["model"]
    if not isinstance(network, Mapping) or not {"type", "config"} <= network.keys():
        raise ValueError("its model is no description (a dict with type and config)")
    _Check(NETWORK if build else None).run(network, "model")


def _check_old(content: Mapping[Any, Any]) -> None:
    """Check a file from before neon 1.2: a list of parameters."""
    entries = content.get("layer_params_states")
    if entries is None:
        raise ValueError(f"it holds no model: its entries are {shown(list(content))}")
    if not (
        isinstance(entries, list | tuple)
        and all(isinstance(entry, Mapping) and "params" in entry for entry in entries)
    ):
        raise ValueError("its layer_params_states are no list of dicts with params")


class _Check:
    """A walk over a description that visits shared parts once and knows their full size."""

    def __init__(self, areas: Collection[str] | None) -> None:
        self.areas = areas
        self.sizes: dict[int, int | None] = {}

    def run(self, value: Any, what: str) -> None:
        try:
            size = self._size(value, what)
        except RecursionError:
            raise ValueError(f"its {what} is nested too deeply") from None
        if size > MAX_ENTRIES:
            raise ValueError(f"its {what} has more than {MAX_ENTRIES} entries")

    def _size(self, value: Any, path: str) -> int:
        """Check ``value`` and return its number of entries."""
        if not isinstance(value, Mapping | list | tuple):
            return 1
        key = id(value)
        if key in self.sizes:
            size = self.sizes[key]
            if size is None:
                raise ValueError(f"{path} contains itself")
            return size
        self.sizes[key] = None
        if isinstance(value, Mapping):
            parts = self._mapping(value, path)
        else:
            parts = {f"{path}[{index}]": item for index, item in enumerate(value)}
        total = self.sizes[key] = 1 + sum(self._size(item, name) for name, item in parts.items())
        return total

    def _mapping(self, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
        """Check a description; return its parts by their paths."""
        if "type" in value:
            config = value.get("config")
            config = {} if config is None else config
            if not isinstance(config, Mapping):
                raise ValueError(f"the config of {path} is no dict")
            if self.areas is not None and not self._is_reference(value):
                self._check_class(value, config, path)
            _check_layers(config, path)
            _check_weights(value, path)
        return {f"{path}.{key}": item for key, item in value.items()}

    def _is_reference(self, value: Mapping[Any, Any]) -> bool:
        """Tell whether this stands for a data set that the program has."""
        return value["type"] == "Data" and "name" in value

    def _check_class(self, value: Any, config: Mapping[Any, Any], path: str) -> None:
        path = f"{path} ({config['name']})" if isinstance(config.get("name"), str) else path
        try:
            cls = described_class(value["type"], self.areas or (), NervanaObject)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        params = value.get("params")
        for name in params if isinstance(params, Mapping) else ():
            if not isinstance(name, str) or callable(getattr(cls, name, None)):
                raise ValueError(f"{path}: {shown(name)} is no parameter of {cls.__name__}")
        if (
            getattr(cls.gen_class, "__func__", None) is _GENERIC
        ):  # others read config in their own way
            _check_arguments(cls, config, path)


_GENERIC = NervanaObject.gen_class.__func__  # type: ignore[attr-defined]  # a classmethod


def _check_layers(config: Mapping[Any, Any], path: str) -> None:
    """Containers: each layer must be a description, or a nested list of them."""
    layers = config.get("layers")
    if layers is None:
        return
    if not isinstance(layers, list | tuple):
        raise ValueError(f"the layers of {path} are no list")
    for index, layer in enumerate(layers):
        if not isinstance(layer, list | tuple) and not (
            isinstance(layer, Mapping) and "type" in layer and "config" in layer
        ):
            raise ValueError(f"{path}.config.layers[{index}] is no description of a layer")


def _check_weights(layer: Mapping[Any, Any], path: str) -> None:
    """Parameters are arrays by name (old files: one array, or a list); states are in lists."""
    params, states = layer.get("params"), layer.get("states")
    if isinstance(params, Mapping):
        for name, value in params.items():
            if not _is_numeric(value):
                raise ValueError(f"the parameter {shown(name)} of {path} is no array of numbers")
    elif params is not None and not _are_numeric(params):
        raise ValueError(f"the params of {path} are no arrays by name")
    if isinstance(states, list | tuple):
        states_fit = all(_are_numeric(state) for state in states)
    else:
        states_fit = states is None
    if not states_fit:
        raise ValueError(f"the states of {path} are no list of arrays")


def _is_numeric(value: Any) -> bool:
    """Tell whether this is an array (or tensor) of numbers."""
    return getattr(getattr(value, "dtype", None), "kind", "") in tuple("biuf") or hasattr(
        value, "asnumpyarray"
    )


def _are_numeric(value: Any) -> bool:
    """Tell whether this is an array of numbers, or a list of them."""
    return all(map(_is_numeric, value if isinstance(value, list | tuple) else [value]))


def _check_arguments(cls: type, config: Mapping[Any, Any], path: str) -> None:
    """Refuse configuration keys that the constructor does not take."""
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]  # of this very class
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    known = [name for name in parameters if name != "self"]
    for key in config:
        if key not in known:
            match = nearest(str(key), known)
            hint = f"did you mean {match!r}?" if match else f"it takes {', '.join(known)}"
            raise ValueError(f"{path}: {cls.__name__} takes no argument {shown(key)}; {hint}")
