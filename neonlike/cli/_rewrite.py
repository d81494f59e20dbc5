"""The rewriting of scripts; comments and layout stay.

Two libraries share the work: fissix, the successor of Python's 2to3 and the one
maintained library that reads Python 2, turns it into Python 3; libcst, which
knows what a name refers to, replaces neon's names.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from neonlike.cli._error import CommandError

Note = tuple[int, str]

DIVISION = "'/' between integers gives a fraction in Python 3; '//' rounds down as Python 2 did"
# names that only Python 2 has, in files that parse as Python 3 too
PYTHON2_NAMES = {
    *("xrange", "raw_input", "unicode", "basestring", "unichr", "long", "execfile", "getcwdu"),
    *("iteritems", "itervalues", "iterkeys", "has_key", "izip", "imap", "ifilter"),
    *("cPickle", "urllib2", "StandardError"),
}
# the first reads `import helper` as a relative import, which scripts do not have; the second
# leaves an empty line where a future import was, which does no harm
LEFT_OUT = {"fissix.fixes.fix_import", "fissix.fixes.fix_future"}


def rewrite(text: str, name: str) -> tuple[str, list[Note]]:
    """Return a script for neonlike and Python 3, and notes ``(line, text)`` for its author.

    Args:
        text: the script.
        name: its name, for messages.

    Raises:
        CommandError: a library is not installed, or the script is neither Python 2 nor 3.
    """
    notes: list[Note] = []
    if _is_python2(text):
        text, notes = _to_python3(text, name)
    try:
        from neonlike.cli._rename import rename
    except ImportError as error:
        raise _not_installed("libcst") from error
    new, more = rename(text)
    return new, sorted({*notes, *more})


def _is_python2(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # such as invalid escapes in strings
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return True
    return any(_names(node) & PYTHON2_NAMES or _calls_next(node) for node in nodes)


def _names(node: ast.AST) -> set[str]:
    """Return the names that a node itself mentions."""
    return {str(getattr(node, field, "")) for field in ("id", "attr", "name", "module")}


def _calls_next(node: ast.AST) -> bool:
    """Tell whether this is ``x.next()``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "next"
        and not node.args
    )


def _to_python3(text: str, name: str) -> tuple[str, list[Note]]:
    try:
        from fissix import refactor
        from fissix.pgen2.parse import ParseError
        from fissix.pgen2.tokenize import TokenError
    except ImportError as error:
        raise _not_installed("fissix") from error
    fixers: Any = set(refactor.get_fixers_from_package("fissix.fixes")) - LEFT_OUT
    whole = text if text.endswith("\n") else f"{text}\n"  # fissix wants whole lines
    try:
        tree = refactor.RefactoringTool(sorted(fixers)).refactor_string(whole, name)
        new = str(tree) if text.endswith("\n") else str(tree).removesuffix("\n")
        ast.parse(new)
    except (ParseError, TokenError, SyntaxError) as error:
        raise CommandError(f"{name} is neither Python 2 nor Python 3: {error}") from error
    divides = [] if "import division" in text else [x for x in tree.leaves() if x.value == "/"]
    return new, [(leaf.lineno, DIVISION) for leaf in divides]


def _not_installed(library: str) -> CommandError:
    return CommandError(f"rewriting needs {library}: pip install 'neonlike[port]'")
