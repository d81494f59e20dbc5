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

from neonlike.backends import get_num_threads
from neonlike.serialization.atomic import atomic_write
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
    require_run_folder(folder)
    return folder


def require_run_folder(folder: Path) -> None:
    """Refuse a folder that exists and holds something else than a run."""
    if folder.exists() and not (folder / "config.json").is_file():
        raise BadInput(f"{folder}: exists and is not the folder of a run; give another --name")


def start_run(folder: Path) -> None:
    """Make the folder of a run, instead of an older run that stands there."""
    require_run_folder(folder)
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "checkpoints").mkdir(parents=True)


def describe_run(folder: Path, args: argparse.Namespace, **more: Any) -> None:
    """Write ``config.json``, the resolved options, and ``environment.json``."""
    write_json(
        folder / "config.json", more | {"classes": list(CLASSES), "options": plain_options(args)}
    )
    surroundings = describe_environment(seed=args.rng_seed, threads=get_num_threads())
    write_json(folder / "environment.json", surroundings)


def plain_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options as plain values."""
    return {
        name: value if isinstance(value, str | int | float | None) else _name(value)
        for name, value in sorted(vars(args).items())
        if not isinstance(value, dict)
    }


def recorded_options(folder: Path) -> dict[str, Any]:
    """Return the options of the run in ``folder``, nothing if there is none."""
    config = folder / "config.json"
    if not config.is_file():
        return {}
    recorded: dict[str, Any] = json.loads(config.read_text("utf-8"))["options"]
    return recorded


def write_json(path: Path, content: Any) -> None:
    """Write plain values as indented JSON."""
    atomic_write(path, (json.dumps(content, indent=2) + "\n").encode())


def _name(value: Any) -> str:
    return str(getattr(value, "__name__", value))


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the script with one sentence when data or options do not fit; ``-v -v`` shows where."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ImportError as problem:
        if "pip install" not in str(problem):  # not a missing extra but a defect
            raise
        raise _end(problem) from problem
    except (ValueError, OSError, KeyError, AssertionError) as problem:
        if logging.getLogger("neonlike").isEnabledFor(logging.DEBUG):
            raise
        raise _end(problem) from problem


def _end(problem: Exception) -> SystemExit:
    sentence = problem.args[0] if isinstance(problem, KeyError) else problem
    return SystemExit(f"{Path(sys.argv[0]).name}: {sentence}")
