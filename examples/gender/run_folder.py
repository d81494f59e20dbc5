"""The folder of a run: where it is, and what is written when it starts."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from photos import CLASSES, BadInput

from neonlike.serialization._atomic import atomic_write
from neonlike.visualizations import describe_environment


def choose_run_folder(runs: str | Path, name: str | None, default: str) -> Path:
    """Return where a run goes; nothing is made or removed yet.

    A ``name`` that was asked for replaces the run of that name; the ``default``
    name gets a number when it is taken.
    """
    root = Path(runs).expanduser()
    folder = root / (name or default)
    number = 2
    while name is None and folder.exists():
        folder, number = root / f"{default}-{number}", number + 1
    if folder.exists() and not (folder / "config.json").is_file():
        raise BadInput(f"{folder}: exists and is not the folder of a run; give another --name")
    return folder


def start_run(folder: Path) -> None:
    """Make the folder of a run, instead of an older run that stands there."""
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "checkpoints").mkdir(parents=True)


def describe_run(folder: Path, args: argparse.Namespace, **more: Any) -> None:
    """Write ``config.json``, the resolved options, and ``environment.json``."""
    options = {name: _plain(value) for name, value in sorted(vars(args).items())}
    write_json(folder / "config.json", more | {"classes": list(CLASSES), "options": options})
    write_json(folder / "environment.json", describe_environment(seed=args.rng_seed))


def write_json(path: Path, content: Any) -> None:
    """Write plain values as indented JSON."""
    atomic_write(path, (json.dumps(content, indent=2) + "\n").encode())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, str | int | float | bool | None):
        return value
    return getattr(value, "__name__", str(value))


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the script with one sentence when data or options do not fit; ``-v -v`` shows where."""
    try:
        yield
    except (ValueError, OSError, KeyError, AssertionError, ImportError) as problem:
        if logging.getLogger("neonlike").isEnabledFor(logging.DEBUG):
            raise
        sentence = problem.args[0] if isinstance(problem, KeyError) else problem
        raise SystemExit(f"{Path(sys.argv[0]).name}: {sentence}") from problem
