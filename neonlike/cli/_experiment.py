"""Reading a YAML experiment and refusing what does not belong there, by name (spec util 5.1)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from neonlike._object import get_args
from neonlike.cli._error import CommandError
from neonlike.serialization._registry import load_class

REQUIRED = ("layers", "cost", "dataset")
KNOWN = ("backend", "epochs", "batchsize", "layers", "cost", "optimizer", "dataset")
DATASET = ("name", "config")


def read_experiment(path: Path) -> dict[str, Any]:
    """Return the content of an experiment file.

    Entries besides the known ones are free if they hold an anchor (``wt: &wt ...``).

    Args:
        path: the file.

    Raises:
        CommandError: it is no YAML, has an unknown entry or lacks one, or describes an
            object with an unknown class or argument.
    """
    try:
        text = path.read_text(encoding="utf-8")
        graph = yaml.compose(text, Loader=yaml.SafeLoader)
        root = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    if not isinstance(graph, yaml.MappingNode):
        raise CommandError(f"{path}: expected entries 'name: value' at the top")
    for key, value in graph.value:
        source = text[key.end_mark.index : value.end_mark.index]
        if key.value not in KNOWN and not re.search(r"&\w", source):
            raise CommandError(f"{path}: {_unknown('entry', key.value, KNOWN)}")
    for name in REQUIRED:
        if not root.get(name):
            raise CommandError(f"{path} has no entry {name!r}")
    _check_types(path, root)
    return dict(root)


def _check_types(path: Path, root: Mapping[str, Any]) -> None:
    if not isinstance(root["layers"], list):
        raise CommandError(f"{path}: layers: expected a list, got {root['layers']!r}")
    for index, layer in enumerate(root["layers"]):
        check_description(layer, f"{path}: layers[{index}]")
    if root.get("optimizer"):
        check_description(root["optimizer"], f"{path}: optimizer")
    if not isinstance(root["cost"], str):
        raise CommandError(f"{path}: cost: expected the name of a cost, got {root['cost']!r}")
    _find_class(root["cost"], f"{path}: cost")
    dataset = root["dataset"]
    if not isinstance(dataset, Mapping) or "name" not in dataset:
        raise CommandError(f"{path}: dataset: expected an entry 'name', got {dataset!r}")
    _check_keys(dataset, DATASET, f"{path}: dataset", "entry")


def check_description(description: Any, where: str) -> None:
    """Check ``{'type', 'config'}`` and all descriptions in it.

    Raises:
        CommandError: an unknown class, or an argument that its constructor does not have.
    """
    if not isinstance(description, Mapping) or "type" not in description:
        raise CommandError(f"{where}: expected entries 'type' and 'config', got {description!r}")
    _check_keys(description, ("type", "config"), where, "entry")
    cls = _find_class(description["type"], where)
    config = description.get("config") or {}
    allowed = [name for name in get_args(cls.__init__) if name != "self"]
    where = f"{where} ({description['type']})"
    if not isinstance(config, Mapping):
        raise CommandError(f"{where}: config: expected arguments 'name: value', got {config!r}")
    _check_keys(config, allowed, where, "argument")
    for name, value in config.items():
        _check_nested(value, f"{where}.{name}")


def _check_nested(value: Any, where: str) -> None:
    if isinstance(value, Mapping) and "type" in value:
        check_description(value, where)
    elif isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            _check_nested(item, f"{where}[{key}]")


def _find_class(name: Any, where: str) -> Any:
    try:
        return load_class(str(name))
    except (ImportError, AttributeError, ValueError) as error:
        raise CommandError(f"{where}: {error}") from error


def _check_keys(given: Mapping[str, Any], known: Collection[str], where: str, kind: str) -> None:
    for key in given:
        if key not in known:
            raise CommandError(f"{where}: {_unknown(kind, key, known)}")


def _unknown(kind: str, name: Any, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    guess = f", did you mean {close[0]!r}?" if close else ""
    return f"unknown {kind} {name!r}{guess} (allowed: {', '.join(known)})"
