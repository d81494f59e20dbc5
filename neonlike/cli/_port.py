"""``neonlike port FILES``: neon scripts rewritten for neonlike and Python 3."""

from __future__ import annotations

import argparse
import difflib
import io
import sys
import tokenize
from collections.abc import Sequence
from pathlib import Path

from neonlike.cli._error import CommandError
from neonlike.serialization._atomic import atomic_write


def main(argv: Sequence[str]) -> int:
    """Show what would change in scripts as a unified diff, or change them."""
    parser = argparse.ArgumentParser(
        prog="neonlike port",
        description="Rewrite neon scripts: imports, names of neon 1.x, and Python 2. Shows the "
        "changes as a diff on standard output; what a person should look at goes to standard "
        "error.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="Python script")
    parser.add_argument("-w", "--write", action="store_true", help="change the files")
    args = parser.parse_args(argv)
    for path in args.files:
        _port(path, args.write)
    return 0


def _port(path: Path, write: bool) -> None:
    from neonlike.cli._rewrite import rewrite

    old, encoding, newline = _read(path)
    new, notes = rewrite(old, str(path))
    if write and new != old:
        atomic_write(path, new.replace("\n", newline).encode(encoding))
        print(f"{path}: rewritten")
    elif write:
        print(f"{path}: nothing to change")
    else:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        sys.stdout.writelines(difflib.unified_diff(before, after, str(path), str(path)))
    for line, note in notes:
        print(f"{path}:{line}: {note}", file=sys.stderr)


def _read(path: Path) -> tuple[str, str, str]:
    """Return the text with Unix line ends, its encoding, and its own line end."""
    if path.suffix == ".ipynb":
        raise CommandError(f"{path} is a notebook: 'jupyter nbconvert --to script' makes a script")
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.replace("\r\n", "\n"), encoding, newline
