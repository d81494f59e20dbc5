"""What a command says when it cannot do its work."""

from __future__ import annotations


class CommandError(Exception):
    """Ends a command with one sentence on standard error and exit status 1."""
