"""One table between classes and the dotted type names that stand in saved files.

Code lives in private topic files; files name classes by neon's public paths
(``neon.layers.layer.Linear``). The façade modules listed here are that public
surface, so a class is looked up *in* them and never has to lie about
``__module__``.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any

PACKAGE = "neonlike"
_DOTTED = re.compile(r"\w+(\.\w+)+")

FACADES = (
    "layers.layer",
    "layers.recurrent",
    "layers.container",
    "layers.recurrent_zoo",
    "transforms.activation",
    "transforms.cost",
    "transforms.transform",
    "initializers.initializer",
    "optimizers.optimizer",
    "callbacks.callbacks",
    "callbacks.plotting_callbacks",
    "models.model",
    "data.dataiterator",
    "data.hdf5iterator",
    "data.datasets",
    "data.image",
    "data.text",
    "data.questionanswer",
    "data.ticker",
    "data.imagecaption",
    "backends.nervanacpu",
    "backends.nervanamkl",
)

# neon's top-level members, in the alphabetical order in which bare names are searched
SEARCHED = (
    "backends",
    "benchmark",
    "callbacks",
    "data",
    "initializers",
    "layers",
    "models",
    "optimizers",
    "transforms",
    "util",
    "version",
    "visualizations",
)


@functools.cache
def public_module(cls: type) -> str:
    """Return the public module of ``cls``: its façade, or where it is defined (user classes)."""
    if cls.__module__.partition(".")[0] != PACKAGE:
        return cls.__module__
    top = cls.__module__.split(".")[1]
    for path in FACADES:
        if path.startswith(top):
            module = _import_or_none(f"{PACKAGE}.{path}")
            if module is not None and getattr(module, cls.__name__, None) is cls:
                return f"{PACKAGE}.{path}"
    return cls.__module__


def type_name(cls: type) -> str:
    """Return the dotted name under which ``cls`` is written to files."""
    return f"{public_module(cls)}.{cls.__name__}"


def load_class(ctype: str) -> Any:
    """Resolve a type name of a script or a YAML document to the class.

    Args:
        ctype: dotted path (``neon.`` is read as ``neonlike.``; user classes by
            their full path) or a bare class name, searched in the package's
            top-level members in alphabetical order.

    Raises:
        ValueError: unknown bare name.
        ImportError: unknown module.
        AttributeError: the module has no such attribute.
    """
    if "." not in ctype:
        return _search(ctype)
    path, _, name = _current(ctype).rpartition(".")
    try:
        return getattr(importlib.import_module(path), name)
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise  # the module exists, but lacks something
        raise ModuleNotFoundError(
            f"there is no module {path} for the type {ctype}{nearest_type(name)}", name=error.name
        ) from None
    except AttributeError:
        raise AttributeError(
            f"the module {path} has no {name}, as the type {ctype} asks{nearest_type(name)}"
        ) from None


def described_class(ctype: Any, areas: Collection[str], base: type) -> Any:
    """Resolve a type name of a saved file, which may be hostile: import only our own modules.

    Args:
        ctype: dotted path, as in ``load_class``.
        areas: the package's folders from which the class may come.
        base: what it must be a subclass of.

    Raises:
        ValueError: no such class, or none that a file may ask for.
    """
    if not isinstance(ctype, str) or not _DOTTED.fullmatch(ctype):
        raise ValueError(f"{repr(ctype)[:60]} is no dotted type name")
    path, _, name = _current(ctype).rpartition(".")
    if path.split(".")[0] != PACKAGE:
        module = sys.modules.get(path)
        if module is None:
            raise ValueError(
                f"the type {ctype} is none of {PACKAGE}: import the module {path} before you load "
                f"the file, if you trust both{nearest_type(name)}"
            )
    else:
        allowed = path.startswith(tuple(f"{PACKAGE}.{area}." for area in areas))
        module = _import_or_none(path) if allowed else None
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"there is no type {ctype} that a file may ask for{nearest_type(name)}")
    return found


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like ``name``, if one is at all."""
    return next(iter(difflib.get_close_matches(name, known, 1)), None)


def nearest_type(name: str) -> str:
    """Return "; did you mean ...?" with the most similar public class, or nothing."""
    known = _public_classes()
    match = nearest(name, known)
    return f"; did you mean {known[match]}?" if match else ""


@functools.cache
def _public_classes() -> Mapping[str, str]:
    """Map the name of each class in the façades to its dotted path."""
    found: dict[str, str] = {}
    for path in reversed(FACADES):
        module = _import_or_none(f"{PACKAGE}.{path}")
        for name in getattr(module, "__all__", ()):
            if isinstance(getattr(module, name), type):
                found[name] = f"{PACKAGE}.{path}.{name}"
    return found


def _current(ctype: str) -> str:
    """Return a dotted path with neon's package name replaced by ours."""
    first, dot, rest = ctype.partition(".")
    return f"{PACKAGE if first == 'neon' else first}{dot}{rest}"


def _search(name: str) -> Any:
    for member in SEARCHED:
        module = _import_or_none(f"{PACKAGE}.{member}")
        if module is not None and hasattr(module, name):
            return getattr(module, name)
    raise ValueError(
        f"no class named {name!r} in {PACKAGE}; give its full dotted path{nearest_type(name)}"
    )


def _import_or_none(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(PACKAGE):
            return None
        raise
