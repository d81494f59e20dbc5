"""``neonlike convert IN OUT``: a model file in the other format. Nothing in the file is run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from neonlike.cli._error import CommandError


def main(argv: Sequence[str]) -> int:
    """Convert a saved model; the suffix of OUT tells the format."""
    parser = argparse.ArgumentParser(
        prog="neonlike convert",
        description="Write a saved model in another format: neon's for names in .prm, .pkl, .p or "
        ".pickle, else neonlike's own (usual name: .safetensors). A further .gz compresses. "
        "The file is only read: nothing in it is run.",
    )
    parser.add_argument("source", metavar="IN", help="model file of neon or neonlike")
    parser.add_argument("target", metavar="OUT", help="file to write")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    args = parser.parse_args(argv)
    convert(args.source, args.target, args.force)
    return 0


def convert(source: str, target: str, force: bool = False) -> None:
    """Read a model file and write its content to another.

    Args:
        source: file of any format.
        target: its suffix tells the format.
        force: replace an existing file.

    Raises:
        CommandError: a file cannot be read or written, or holds no model.
    """
    from pickle import PickleError

    from neonlike.serialization._description import check_model
    from neonlike.serialization._objects import load_obj, save_model

    if Path(target).exists() and not force:
        raise CommandError(f"{target} exists already; --force replaces it")
    try:
        content = load_obj(source)
        check_model(content, source, build=False)
        save_model(content, target)
    except (OSError, PickleError, AttributeError, TypeError, ValueError) as error:
        raise CommandError(" ".join([str(error), *getattr(error, "__notes__", [])])) from error
    _warn_of_unknown_types(content, source)
    sizes = [f"{Path(path).stat().st_size:,} bytes" for path in (source, target)]
    print(f"{source} ({sizes[0]}) -> {target} ({sizes[1]})")


def _warn_of_unknown_types(content: object, source: str) -> None:
    """Tell if neonlike could not build the network by itself; the content is converted anyway."""
    from neonlike.serialization._description import check_model

    try:
        check_model(content, source, build=True)
    except ValueError as error:
        print(f"neonlike convert: note: {error}", file=sys.stderr)
