"""Read the golden files: cases by name, and objects from their JSON notation."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

GOLDEN = Path(__file__).parent / "golden"


@functools.cache
def golden_file(area: str) -> h5py.File:
    """Open ``tests/golden/AREA.h5`` once per process, read-only."""
    return h5py.File(GOLDEN / f"{area}.h5", "r")


@functools.cache
def case_names(area: str, prefix: str = "") -> list[str]:
    """Names of all groups with a ``case`` attribute that start with ``prefix``."""
    names: list[str] = []
    golden_file(area).visititems(
        lambda name, obj: names.append(name) if "case" in obj.attrs else None
    )
    return [name for name in names if name.startswith(prefix)]


def case_info(area: str, name: str) -> dict[str, Any]:
    """The JSON description of a case."""
    return json.loads(golden_file(area)[name].attrs["case"])


def arrays(group: h5py.Group) -> dict[str, np.ndarray]:
    """All datasets directly inside ``group``."""
    return {key: item[()] for key, item in group.items() if isinstance(item, h5py.Dataset)}


def lookup(name: str) -> Any:
    """Find a class by its bare name in layers, transforms, initializers, optimizers."""
    import neonlike.initializers
    import neonlike.layers
    import neonlike.layers.container
    import neonlike.layers.layer
    import neonlike.layers.recurrent
    import neonlike.optimizers
    import neonlike.transforms

    for module in (
        neonlike.layers,
        neonlike.layers.container,
        neonlike.layers.layer,
        neonlike.layers.recurrent,
        neonlike.transforms,
        neonlike.initializers,
        neonlike.optimizers,
    ):
        if hasattr(module, name):
            return getattr(module, name)
    raise LookupError(name)


def build(value: Any, *, tuples: bool = True) -> Any:
    """Build the object, list, tuple or number that the JSON notation stands for.

    With ``tuples`` (the rule of layers.h5) a list of numbers is a tuple.
    """
    if isinstance(value, dict) and "class" in value:
        kwargs = {k: build(v, tuples=tuples) for k, v in value.get("kwargs", {}).items()}
        return lookup(value["class"])(**kwargs)
    if isinstance(value, dict):
        return {k: build(v, tuples=tuples) for k, v in value.items()}
    if isinstance(value, str) and value.startswith("class:"):
        return lookup(value.removeprefix("class:"))
    if isinstance(value, list):
        numbers = bool(value) and all(isinstance(v, int | float) for v in value)
        if numbers and tuples:
            return tuple(value)
        return [build(v, tuples=tuples) for v in value]
    return value
