"""The import alias: ``import neon.x`` gives the module ``neonlike.x`` itself, under both names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from neonlike.compat._removed import reason

ALIAS = "neon"
PACKAGE = "neonlike"


class _Loader(Loader):
    """Hands out the real module; its own attributes stay as they are."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that the alias stands for."""
        module = importlib.import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Put back the module's own spec, which the import system has just replaced."""
        module.__spec__ = self._spec


class _Finder(MetaPathFinder):
    """Finds ``neon`` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that leads to the module of the same name in neonlike.

        Raises:
            ModuleNotFoundError: neonlike has no such module; says why if that is known.
        """
        package, _, rest = fullname.partition(".")
        if package != ALIAS:
            return None
        real = f"{PACKAGE}.{rest}" if rest else PACKAGE
        if importlib.util.find_spec(real) is None:
            why = reason(rest) or f"neonlike has no module {real!r}"
            raise ModuleNotFoundError(f"No module named {fullname!r}: {why}", name=fullname)
        return ModuleSpec(fullname, _Loader(real))


_finder = _Finder()


def install() -> None:
    """Let ``neon`` and every ``neon.x`` name the modules of neonlike, in this process.

    Calling it again does nothing.

    Raises:
        RuntimeError: another package named neon has been imported already.
    """
    if installed():
        return
    present = sys.modules.get(ALIAS)
    if present is not None:
        raise RuntimeError(
            f"another package named {ALIAS!r} is imported already, from "
            f"{getattr(present, '__file__', None)}: call neonlike.compat.install() before it is"
        )
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Take the alias back; names that a script has imported stay valid."""
    if not installed():
        return
    sys.meta_path.remove(_finder)
    for name in [name for name in sys.modules if name.partition(".")[0] == ALIAS]:
        del sys.modules[name]


def installed() -> bool:
    """Tell whether the alias is in force."""
    return _finder in sys.meta_path
