"""Build a network from a YAML experiment file (spec util 5)."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from neonlike._object import NervanaObject
from neonlike.serialization._registry import load_class


def format_yaml_dict(yamldict: dict[str, Any], type_prefix: str) -> dict[str, Any]:
    """Put ``type_prefix`` before ``yamldict['type']``; return the (same) dict."""
    yamldict["type"] = type_prefix + yamldict["type"]
    return yamldict


def create_objects(
    root_yaml: Mapping[str, Any] | str | os.PathLike[str],
    be_type: str = "gpu",
    batch_size: int = 128,
    rng_seed: int | None = None,
    device_id: int = 0,
    default_dtype: Any = np.float32,
    stochastic_rounding: Any = False,
) -> tuple[Any, Any, Any]:
    """Return model, cost and optimizer (None without one) of an experiment.

    Args:
        root_yaml: content of the file or its path; 'layers' (single layers),
            'cost' and 'optimizer' are read.
        be_type: ignored, as all following: the current backend is used.
        batch_size: ignored.
        rng_seed: ignored.
        device_id: ignored.
        default_dtype: ignored.
        stochastic_rounding: ignored.

    Raises:
        AssertionError: there is no backend.
        KeyError: no 'layers' or no 'cost'.
    """
    # here: util stands beside the stack and does not load it by itself
    from neonlike.layers import GeneralizedCost, Sequential
    from neonlike.models import Model

    if NervanaObject.be is None:
        raise AssertionError("Must generate a backend before running this function")
    root, where = _root(root_yaml)
    for key in ("layers", "cost"):
        if key not in root:
            raise KeyError(f"{where} has no entry {key!r}")
    layers = [_build(layer, where) for layer in root["layers"]]
    cost = GeneralizedCost(costfunc=load_class(root["cost"])())
    optimizer = root.get("optimizer")
    return Model(Sequential(layers)), cost, optimizer and _build(optimizer, where)


def _root(root_yaml: Mapping[str, Any] | str | os.PathLike[str]) -> tuple[dict[str, Any], str]:
    if isinstance(root_yaml, Mapping):
        return copy.deepcopy(dict(root_yaml)), "the experiment"
    root = yaml.safe_load(Path(root_yaml).read_text(encoding="utf-8"))
    if not isinstance(root, dict):
        raise TypeError(f"{root_yaml}: expected a mapping at the top, got {type(root).__name__}")
    return root, str(root_yaml)


def _build(description: Any, where: str) -> Any:
    if not isinstance(description, dict) or "type" not in description:
        raise TypeError(f"{where}: expected an entry with 'type' and 'config', got {description!r}")
    try:
        return load_class(description["type"]).gen_class(description.get("config") or {})
    except TypeError as error:
        raise TypeError(f"{where}: {description['type']}: {error}") from error
