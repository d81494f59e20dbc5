"""``neonlike inspect FILE``: what a model file holds. Nothing in the file is run."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neonlike.cli._error import CommandError

HEADER = ("Layer", "Type", "Parameters", "Values", "States")
Row = tuple[str, str, str, int, int]


def main(argv: Sequence[str]) -> int:
    """Print the layers, shapes and progress of saved models."""
    parser = argparse.ArgumentParser(
        prog="neonlike inspect",
        description="Show what model files (.prm, .safetensors) of neon or neonlike hold. They are "
        "only read: nothing in them is run.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="model file")
    args = parser.parse_args(argv)
    for number, name in enumerate(args.files):
        print(("\n" if number else "") + _text(name))
    return 0


def _text(name: str) -> str:
    from pickle import UnpicklingError

    from neonlike.serialization._objects import load_obj, load_tensors

    try:
        found = load_tensors(name)
        content = load_obj(name, mapped=True) if found is None else None
    except (OSError, UnpicklingError, AttributeError) as error:
        raise CommandError(str(error)) from error
    if found is not None:
        return tensor_list(name, found)
    try:
        return summary(name, content)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise CommandError(f"{name} holds no model of neon's form: {error}") from error


def tensor_list(name: str, tensors: Mapping[str, Any]) -> str:
    """Return the text about a safetensors file by another program."""
    width = max(map(len, tensors), default=0)
    lines = [f"{name} holds {len(tensors)} tensors, but no description by neonlike", ""]
    for key, value in tensors.items():
        lines.append(f"{key:<{width}}  {value.dtype.name:<7}  {_shape(value.shape)}".rstrip())
    return "\n".join(lines)


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def summary(name: str, content: Any) -> str:
    """Return the text about one file.

    Args:
        name: of the file.
        content: what it holds.

    Raises:
        CommandError: it holds no model.
    """
    if not isinstance(content, Mapping):
        raise CommandError(f"{name} holds no model but a {type(content).__name__}")
    if "model" in content:
        facts, rows = _facts(content), list(_layers(content["model"], 0))
    elif "layer_params_states" in content:
        facts = {"written by": "neon before 1.2 (parameters without the network)"}
        facts["epochs"] = content.get("epoch_index", "unknown")
        rows = [_row(str(i), "", e, 0) for i, e in enumerate(content["layer_params_states"])]
    else:
        raise CommandError(f"{name} holds no model: its entries are {', '.join(map(str, content))}")
    facts |= _state_facts(content.get("train_state"))
    width = max(map(len, facts), default=0)
    head = [f"{key:<{width}}  {value}" for key, value in facts.items()]
    return "\n".join([name, *head, *_table(rows), *_notes(name, content)])


def _facts(content: Mapping[str, Any]) -> dict[str, Any]:
    backend = content.get("backend", {})
    found = {
        "written by": _writer(content),
        "backend": backend.get("type"),
        "seed": backend.get("rng_seed"),
        "epochs": content.get("epoch_index"),
        "input": content.get("train_input_shape"),
        "cost": _name_of(content.get("cost", {}).get("config", {}).get("costfunc")),
        "optimizer": _optimizer(content.get("optimizer")),
    }
    return {key: value for key, value in found.items() if value is not None}


def _writer(content: Mapping[str, Any]) -> str | None:
    if "neonlike_version" in content:
        return f"neonlike {content['neonlike_version']}"
    return f"neon {content['neon_version']}" if "neon_version" in content else None


def _state_facts(state: Any) -> dict[str, Any]:
    """Return what a checkpoint tells beyond a saved model."""
    if not isinstance(state, Mapping) or "random" not in state:
        return {}
    epoch = state.get("epoch")
    done = epoch.get("batches") if isinstance(epoch, Mapping) else None
    place = "at the end of an epoch" if done is None else f"after {done} minibatches of an epoch"
    return {"checkpoint": f"training can resume {place}"}


def _notes(name: str, content: Mapping[str, Any]) -> list[str]:
    """Tell why neonlike could not build the network, if so: unknown types or arguments."""
    from neonlike.serialization._description import check_model

    try:
        check_model(content, name, build="model" in content)
    except ValueError as error:
        return ["", f"note: {error}"]
    return []


def _name_of(description: Any) -> str | None:
    """Return the class name of a description."""
    known = isinstance(description, Mapping) and "type" in description
    return str(description["type"]).rpartition(".")[2] if known else None


def _optimizer(description: Any) -> str | None:
    name = _name_of(description)
    mapping = (description or {}).get("config", {}).get("optimizer_mapping")
    if not isinstance(mapping, Mapping):
        return name
    return f"{name}: " + ", ".join(f"{key} {_name_of(each)}" for key, each in mapping.items())


def _layers(layer: Mapping[str, Any], level: int) -> Iterator[Row]:
    """Yield a row for a layer and those in it, depth first."""
    config = layer.get("config", {})
    name = str(config.get("name", "-"))
    yield _row("  " * level + name, _name_of(layer) or "?", layer, level)
    for inner in config.get("layers", []):
        yield from _layers(inner, level + 1)


def _row(name: str, kind: str, layer: Mapping[str, Any], level: int) -> Row:
    params = layer.get("params", {})
    named = params if isinstance(params, Mapping) else {"W": params}
    shapes = {key: getattr(value, "shape", ()) for key, value in named.items()}
    text = ", ".join(f"{key} {_shape(shape)}" for key, shape in shapes.items())
    values = sum(math.prod(shape) for shape in shapes.values())
    return name, kind, text, values, _count_arrays(layer.get("states", []))


def _count_arrays(states: Any) -> int:
    if isinstance(states, list | tuple):
        return sum(map(_count_arrays, states))
    return int(hasattr(states, "shape"))


def _table(rows: Sequence[Row]) -> list[str]:
    cells = [HEADER, *((*row[:3], f"{row[3]:,}", str(row[4])) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADER))]
    lines = [
        "  ".join([
            *(f"{cell:<{width}}" for cell, width in zip(row[:3], widths, strict=False)),
            *(f"{cell:>{width}}" for cell, width in zip(row[3:], widths[3:], strict=True)),
        ]).rstrip()
        for row in cells
    ]  # fmt: skip
    total = f"{sum(row[3] for row in rows):,} values in parameters"
    return ["", lines[0], "  ".join("-" * width for width in widths), *lines[1:], total]
