"""Finds the command named on the command line; the command reads its own options.

A command is a module with a function ``main(arguments) -> exit status``; it is
loaded when it is called, so that none makes another slower.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from neonlike.cli._error import CommandError
from neonlike.version import VERSION

COMMANDS = {
    "run": ("_run", "run an unmodified neon script"),
    "train": ("_train", "train the network of a YAML file"),
    "plot": ("_plot", "draw a training history as web pages"),
    "inspect": ("_inspect", "show what a model file holds"),
    "convert": ("_convert", "write a model file in another format"),
    "port": ("_port", "rewrite neon scripts for neonlike and Python 3"),
    "info": ("_info", "describe this installation, for bug reports"),
    "warmup": ("_warmup", "compile the kernels ahead of their first use"),
    "bench": ("_bench", "time kernels, layers and networks"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Args:
        argv: words of the command line (default: those of the process).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if _is_experiment(words):
        words.insert(0, "train")
    if not words or words[0] not in COMMANDS:
        return _explain(words)
    module, _ = COMMANDS[words[0]]
    try:
        status: int = importlib.import_module(f"neonlike.cli.{module}").main(words[1:])
    except CommandError as error:
        print(f"neonlike {words[0]}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of the output, such as head, has seen enough
        sys.stderr.close()  # or Python complains when it flushes
        return 1
    return status


def _is_experiment(words: Sequence[str]) -> bool:
    """Tell whether this is neon's own form, ``neon [options] FILE.yaml``."""
    known = bool(words) and words[0] in COMMANDS
    return not known and any(word.endswith((".yaml", ".yml")) for word in words)


def _explain(words: Sequence[str]) -> int:
    """Print help or the version, or complain about an unknown command."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="neonlike",
        usage="neonlike COMMAND [arguments]",
        description=f"neon's deep-learning API on CPUs\n\ncommands:\n{listed}",
        epilog="neonlike COMMAND --help explains a command; neonlike FILE.yaml trains it",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"neonlike {VERSION}")
    parser.add_argument(
        "command", choices=list(COMMANDS), metavar="COMMAND", help=argparse.SUPPRESS
    )
    parser.parse_args(words[:1])
    return 2
