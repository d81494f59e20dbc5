"""``NervanaObject``: names, descriptions and rebuilding from descriptions (spec util 1.1)."""

from __future__ import annotations

import inspect
import logging
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neonlike.serialization._registry import load_class, type_name

if TYPE_CHECKING:
    from typing import Self

logger = logging.getLogger(__name__)


def get_args(func: Callable[..., Any]) -> dict[str, Any]:
    """Return the positional arguments of ``func`` with their defaults, None where there is none."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {
        name: None if p.default is p.empty else p.default
        for name, p in inspect.signature(func).parameters.items()
        if p.kind in kinds
    }


class NoBackend:
    """Stands for ``be`` before ``gen_backend``: None for a class, an error for its objects."""

    def __get__(self, instance: object | None, owner: type) -> None:
        if instance is not None:
            raise AttributeError(
                f"{owner.__name__} needs a backend and there is none; call gen_backend first, "
                "e.g. gen_backend('cpu', batch_size=128)"
            )


class NervanaObject:
    """Base of layers, transforms, optimizers, iterators: shared backend, name, description.

    Attributes:
        be: the current backend, shared by all objects (set by ``gen_backend``). Without one
            ``NervanaObject.be`` is None, and asking an object for it raises an AttributeError.
        name: given name, or ``ClassName_k`` with k the count of live objects of the class.
    """

    # Any: the concrete backend is plugged in at run time and layers call its whole surface
    be: ClassVar[Any] = NoBackend()
    _counter: ClassVar[int] = 0

    def __init__(self, name: str | None = None) -> None:
        cls = type(self)
        self.name = f"{cls.__name__}_{cls._counter}" if name is None else name
        cls._counter = cls._counter + 1
        self._desc: dict[str, Any] | None = None

    def __del__(self) -> None:
        if "_desc" in self.__dict__:  # else __init__ was never reached
            cls = type(self)
            cls._counter = cls._counter - 1

    @property
    def classnm(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def modulenm(self) -> str:
        """Public dotted path of the class, as written to files."""
        return type_name(type(self))

    @classmethod
    def recursive_gen(cls, pdict: Any, key: Any) -> Any:
        """Return ``pdict[key]`` with each description in it replaced by what it describes."""
        return _rebuild(pdict[key])

    @classmethod
    def gen_class(cls, pdict: Mapping[str, Any]) -> Self:
        """Build an object of this class from the ``config`` of a description (left unchanged)."""
        return cls(**{key: _rebuild(value) for key, value in pdict.items()})

    def get_description(self, skip: list[str] = [], **kwargs: Any) -> dict[str, Any]:
        """Describe the object as ``{'type', 'config'}``.

        ``config`` holds the constructor arguments whose same-named attribute
        differs from the default; arrays and tensors are stored as ndarrays.

        Args:
            skip: argument names to leave out.
        """
        config: dict[str, Any] = {}
        for arg, default in get_args(type(self).__init__).items():
            if arg == "self" or arg in skip:
                continue
            if arg not in self.__dict__:
                logger.warning("can't describe argument '%s' to %s", arg, self)
                continue
            value = self.__dict__[arg]
            if differs(value, default):
                config[arg] = describe_value(value)
        self._desc = {"type": self.modulenm, "config": config}
        return self._desc


def check_count(owner: str, argument: str, value: Any, least: int = 1) -> None:
    """Refuse what is not a whole number of at least ``least``.

    Raises:
        TypeError: another kind of value.
        ValueError: a smaller number.
    """
    wanted = f"{owner}: {argument} must be a whole number of at least {least}, got {value!r}"
    try:
        number = operator.index(value)
    except TypeError:
        hint = "; in Python 3 / makes a float, // does not" if isinstance(value, float) else ""
        raise TypeError(wanted + hint) from None
    if number < least:
        raise ValueError(wanted)


def differs(value: Any, default: Any) -> bool:
    """Tell whether ``value`` is not ``default``; arrays compare by content, tensors differ."""
    if value is default:
        return False
    if hasattr(value, "asnumpyarray"):
        return True
    if isinstance(value, np.ndarray) or isinstance(default, np.ndarray):
        return not np.array_equal(value, default)
    return bool(value != default)


def describe_value(value: Any) -> Any:
    """Return ``value`` in the plain vocabulary of descriptions."""
    if isinstance(value, NervanaObject):
        return value.get_description()
    if hasattr(value, "asnumpyarray"):
        return value.asnumpyarray().copy()
    return value


def _rebuild(value: Any) -> Any:
    if isinstance(value, Mapping) and "type" in value:
        cls = load_class(value["type"])
        return cls.gen_class(dict(value.get("config") or {}))
    if isinstance(value, list | tuple):
        return type(value)(_rebuild(item) for item in value)
    return value
