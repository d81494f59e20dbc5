"""The rewriting of scripts, on fissix's syntax tree, which keeps comments and layout.

fissix is the successor of Python's 2to3: the one maintained library that reads
Python 2. Its own rules turn Python 2 into Python 3; ours replace neon's names.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from neonlike.cli._error import CommandError

Note = tuple[int, str]

RENAMED = {"DataIterator": "ArrayIterator", "DropoutBinary": "Dropout"}
RENAMED_METHODS = {"clip_gradient_value": "clip_value"}
RENAMED_ARGUMENTS = {"default_dtype": "datatype"}
LOOK_AT = {
    "load_mnist": "load_mnist(...) is MNIST(...).load_data() now",
    "load_cifar10": "load_cifar10(...) is CIFAR10(...).load_data() now",
    "ImageLoader": "the media loader of neon 1.x is gone; see neonlike.data.aeon_shim",
    "DataLoader": "the media loader of neon 1.x is gone; see neonlike.data.aeon_shim",
    "NervanaGPU": "neonlike runs on CPUs and has no GPU backend",
    "nervanagpu": "neonlike runs on CPUs and has no GPU backend",
}
DIVISION = "'/' between integers gives a fraction in Python 3; '//' rounds down as Python 2 did"
# names that only Python 2 has, in files that parse as Python 3 too
PYTHON2_NAMES = {
    *("xrange", "raw_input", "unicode", "basestring", "unichr", "long", "execfile", "getcwdu"),
    *("iteritems", "itervalues", "iterkeys", "has_key", "izip", "imap", "ifilter"),
    *("cPickle", "urllib2", "StandardError"),
}
# reads `import helper` as a relative import, which scripts do not have
LEFT_OUT = {"fissix.fixes.fix_import"}


def rewrite(text: str, name: str) -> tuple[str, list[Note]]:
    """Return a script for neonlike and Python 3, and notes ``(line, text)`` for its author.

    Args:
        text: the script.
        name: its name, for messages.

    Raises:
        CommandError: fissix is not installed, or the script is neither Python 2 nor 3.
    """
    padded = text if text.endswith("\n") else f"{text}\n"  # fissix wants whole lines
    notes: list[Note] = []
    if _is_python2(padded, name):
        notes += [(line, DIVISION) for line in _divisions(padded, name)]
        padded = _to_python3(padded, name)
    tree = _parse(padded, name, python3=True)
    notes += _rename(tree)
    new = str(tree)
    return new if text.endswith("\n") else new.removesuffix("\n"), sorted(set(notes))


def _fissix() -> Any:
    try:
        import fissix.pgen2.driver
        import fissix.pgen2.parse
        import fissix.pgen2.tokenize
        import fissix.pygram
        import fissix.pytree
        import fissix.refactor
    except ImportError as error:
        raise CommandError("rewriting needs fissix: pip install 'neonlike[port]'") from error
    return fissix


def _is_python2(text: str, name: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # such as invalid escapes in strings
            ast.parse(text)
    except (SyntaxError, ValueError):
        return True
    leaves = list(_parse(text, name, python3=True).leaves())
    return any(leaf.value in PYTHON2_NAMES or _calls_next(leaf) for leaf in leaves)


def _calls_next(leaf: Any) -> bool:
    """Tell whether this is the ``next`` of ``x.next()``."""
    called = leaf.parent is not None and leaf.parent.next_sibling
    return leaf.value == "next" and _after_dot(leaf) and str(called).startswith("()")


def _parse(text: str, name: str, python3: bool) -> Any:
    library = _fissix()
    grammar = (
        library.pygram.python_grammar_no_print_and_exec_statement
        if python3
        else library.pygram.python_grammar
    )
    driver = library.pgen2.driver.Driver(grammar, convert=library.pytree.convert)
    try:
        return driver.parse_string(text)
    except (library.pgen2.parse.ParseError, library.pgen2.tokenize.TokenError) as error:
        if python3 and "print_function" not in text:
            return _parse(text, name, python3=False)
        raise CommandError(f"{name} is neither Python 2 nor Python 3: {error}") from error


def _to_python3(text: str, name: str) -> str:
    library = _fissix()
    fixers = set(library.refactor.get_fixers_from_package("fissix.fixes")) - LEFT_OUT
    tool = library.refactor.RefactoringTool(sorted(fixers))
    _parse(text, name, python3="print_function" in text)  # complains in our words
    return str(tool.refactor_string(text, name))


def _divisions(text: str, name: str) -> list[int]:
    """Return the lines of a Python-2 script that divide."""
    if "import division" in text:
        return []
    tree = _parse(text, name, python3="print_function" in text)
    return [leaf.lineno for leaf in tree.leaves() if leaf.value in ("/", "/=")]


def _rename(tree: Any) -> Iterator[Note]:
    """Put neonlike's names into the tree; yield what a person should look at."""
    heads = [(leaf, plain) for leaf, plain in _import_heads(tree) if leaf.value == "neon"]
    by_its_name = any(plain for _, plain in heads)  # import neon.x: the script says neon.x later
    imported = {leaf.value for head, _ in heads for leaf in _imported_names(head)}
    for leaf, _ in heads:
        leaf.value = "neonlike"
    for leaf in tree.leaves():
        if leaf.value in LOOK_AT and leaf.value in imported:
            yield leaf.lineno, LOOK_AT[leaf.value]
        if leaf.value == "neon" and by_its_name and _has_attribute(leaf):
            leaf.value = "neonlike"
        elif leaf.value in imported & RENAMED.keys() and not _after_dot(leaf):
            leaf.value = RENAMED[leaf.value]
        elif leaf.value in RENAMED_METHODS and heads and _after_dot(leaf):
            leaf.value = RENAMED_METHODS[leaf.value]
        elif leaf.value in RENAMED_ARGUMENTS and _is_in_call(leaf, "gen_backend"):
            leaf.value = RENAMED_ARGUMENTS[leaf.value]
        elif leaf.value in ("'gpu'", '"gpu"') and _is_in_call(leaf, "gen_backend"):
            yield leaf.lineno, LOOK_AT["NervanaGPU"]


def _import_heads(tree: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the first name of every imported module, and whether it is visible afterwards."""
    kinds = _fissix().pygram.python_symbols
    for node in tree.pre_order():
        if node.type == kinds.import_from:
            yield next(node.children[1].leaves()), False
        elif node.type == kinds.import_name:
            what = node.children[1]
            items = what.children[::2] if what.type == kinds.dotted_as_names else [what]
            for item in items:
                yield next(item.leaves()), item.type != kinds.dotted_as_name


def _imported_names(head: Any) -> Iterator[Any]:
    """Yield the names after ``import`` of the statement ``from head.x import ...``."""
    kinds = _fissix().pygram.python_symbols
    node = head.parent
    while node is not None and node.type not in (kinds.import_from, kinds.import_name):
        node = node.parent
    if node is not None and node.type == kinds.import_from:
        for child in node.children[3:]:
            yield from child.leaves()


def _after_dot(leaf: Any) -> bool:
    return leaf.prev_sibling is not None and str(leaf.prev_sibling).strip() == "."


def _has_attribute(leaf: Any) -> bool:
    """Tell whether a name is followed by an attribute and is none itself."""
    after = leaf.next_sibling
    return after is not None and str(after).lstrip().startswith(".") and not _after_dot(leaf)


def _is_in_call(leaf: Any, function: str) -> bool:
    """Tell whether a leaf stands between the brackets of a call of ``function``."""
    node = leaf.parent
    while node is not None and not re.match(rf"\s*[\w.]*\b{function}\(", str(node)):
        node = node.parent
    return node is not None
