"""One table between classes and the dotted type names that stand in saved files.

Code lives in private topic files; files name classes by neon's public paths
(``neon.layers.layer.Linear``). The façade modules listed here are that public
surface, so a class is looked up *in* them and never has to lie about
``__module__``.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

PACKAGE = "neonlike"

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
    """Resolve a type name from a file or a YAML document to the class.

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
    parts = ctype.split(".")
    if parts[0] == "neon":
        parts[0] = PACKAGE
    module = importlib.import_module(".".join(parts[:-1]))
    return getattr(module, parts[-1])


def _search(name: str) -> Any:
    for member in SEARCHED:
        module = _import_or_none(f"{PACKAGE}.{member}")
        if module is not None and hasattr(module, name):
            return getattr(module, name)
    raise ValueError(f"no class named {name!r} in {PACKAGE}; give its full dotted path")


def _import_or_none(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(PACKAGE):
            return None
        raise
