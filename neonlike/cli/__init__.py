"""The command line: ``neonlike COMMAND``, one file per command."""

from neonlike.cli._main import main as main

__all__ = ["main"]
