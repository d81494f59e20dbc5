"""Rebuild a saved experiment (spec util 3.5)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from neonlike.serialization._description import check_objects
from neonlike.serialization._objects import load_obj
from neonlike.serialization._registry import load_class

logger = logging.getLogger(__name__)


def deserialize(
    fn: str | os.PathLike[str], datasets: dict[str, Any] | None = None, inference: bool = False
) -> tuple[Any, dict[str, Any] | None, Any]:
    """Return model, iterators and callbacks of a file that ``persist.serialize`` described.

    Args:
        fn: path of the file.
        datasets: iterators by name ('train', 'valid', ...) to use instead of
            those of the file.
        inference: ignored, as in neon.

    Returns:
        ``(model, datasets, callbacks)``; callbacks is None if the file has none.
    """
    # here: util stands beside the stack and does not load it by itself
    from neonlike.callbacks.callbacks import Callbacks
    from neonlike.models import Model

    content = load_obj(fn)
    if datasets is not None:
        logger.warning("%s: the given data sets replace those of the file", fn)
    elif "datasets" in content:
        description = content["datasets"]
        check_objects(description, "datasets")
        dataset = load_class(description["type"]).gen_class(description.get("config") or {})
        datasets = dataset.gen_iterators()
    model = Model(content)
    if "callbacks" not in content:
        return model, datasets, None
    description = _with_data(content["callbacks"], datasets or {})
    return model, datasets, Callbacks.load_callbacks(description, model)


def _with_data(value: Any, datasets: Mapping[str, Any]) -> Any:
    """Replace every ``{'type': 'Data', 'name': n}`` by the iterator of that key or own name."""
    if isinstance(value, dict):
        if value.get("type") == "Data":
            return _find(value["name"], datasets)
        return {key: _with_data(item, datasets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_with_data(item, datasets) for item in value)
    return value


def _find(name: str, datasets: Mapping[str, Any]) -> Any:
    if name in datasets:
        return datasets[name]
    named = (data for data in datasets.values() if getattr(data, "name", None) == name)
    return next(named, None)
