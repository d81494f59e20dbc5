"""``neonlike run SCRIPT [arguments]``: a neon script as it is."""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from neonlike import compat
from neonlike.cli._error import CommandError
from neonlike.compat import _alias

HIDDEN = {__file__, _alias.__file__, importlib.__file__}
INTERRUPTED = 130  # what shells report for a process ended by Ctrl-C


def main(argv: Sequence[str]) -> int:
    """Run a script as ``python SCRIPT`` would, with ``neon`` naming neonlike's modules."""
    parser = argparse.ArgumentParser(
        prog="neonlike run",
        description="Run an unmodified neon script: in its process, neon means neonlike.",
    )
    parser.add_argument("script", help="the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")
    args = parser.parse_args(argv)
    path = Path(args.script)
    if not path.is_file():
        raise CommandError(f"there is no script {args.script}")
    sys.argv = [args.script, *args.arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.resolve().parent)
    compat.install()
    return _execute(path, args.script)


def _execute(path: Path, name: str) -> int:
    """Run a file as ``__main__``; errors look as if there were no runner."""
    try:
        code = _compile(path, name)
        module = ModuleType("__main__")
        module.__dict__.update(__file__=name, __cached__=None, __builtins__=__builtins__)
        sys.modules["__main__"] = module
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        error = error.with_traceback(_visible(error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, SyntaxError) and error.filename == name:
            print(_python2_hint(name), file=sys.stderr)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _compile(path: Path, name: str) -> CodeType:
    with io.open_code(str(path.resolve())) as file:
        # dont_inherit: the future imports of this file are not the script's
        return compile(file.read(), name, "exec", dont_inherit=True)


def _visible(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of this runner and of the import system."""
    frames = []
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name not in HIDDEN and not name.startswith("<frozen importlib"):
            frames.append(trace)
        trace = trace.tb_next
    shown: TracebackType | None = None
    for each in reversed(frames):
        shown = TracebackType(shown, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return shown


def _python2_hint(name: str) -> str:
    return f"If this is Python 2: 'neonlike port --write {name}' rewrites it for Python 3."
