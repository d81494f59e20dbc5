"""``neonlike.compat``: the names of neon lead to the very same modules, and only on request."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import neonlike.layers
from neonlike import compat


@pytest.fixture
def alias() -> Iterator[None]:
    compat.install()
    yield
    compat.uninstall()


def test_modules_are_the_same_objects(alias: None) -> None:
    from neon.layers import Affine
    from neon.layers.layer import Affine as AffineByPath

    assert Affine is AffineByPath is neonlike.layers.Affine
    for name in ("neon", "neon.util.argparser", "neon.layers.layer", "neon.backends"):
        real = importlib.import_module(name.replace("neon", "neonlike", 1))
        assert importlib.import_module(name) is real
        assert real.__spec__.name == real.__name__ == name.replace("neon", "neonlike", 1)


def test_submodules_are_attributes(alias: None) -> None:
    import neon.util.argparser

    assert neon.util.argparser.NeonArgparser is neonlike.util.argparser.NeonArgparser


def test_installing_twice_and_taking_back() -> None:
    before = list(sys.meta_path)
    compat.install()
    compat.install()
    assert compat.installed()
    assert len(sys.meta_path) == len(before) + 1
    importlib.import_module("neon.layers")
    compat.uninstall()
    compat.uninstall()
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.partition(".")[0] == "neon"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("neon.layers")
    assert "neonlike.layers" in sys.modules


def test_nothing_is_aliased_without_asking() -> None:
    code = "import neonlike, neonlike.layers, neonlike.compat\nimport neon"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "No module named 'neon'" in done.stderr


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("neon.backends.nervanagpu", "no GPU backend; use gen_backend"),
        ("neon.backends.layer_gpu", "no GPU backend; use gen_backend"),
        ("neon.data.loader", "media loader is gone; use neonlike.data.aeon_shim"),
        ("neon.nothing", "neonlike has no module 'neonlike.nothing'"),
    ],
)
def test_what_is_missing_says_why(alias: None, module: str, message: str) -> None:
    with pytest.raises(ImportError, match=message):
        importlib.import_module(module)


def test_another_neon_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("neon")
    other.__file__ = "/site-packages/neon/__init__.py"
    monkeypatch.setitem(sys.modules, "neon", other)
    with pytest.raises(RuntimeError, match="imported already, from /site-packages/neon"):
        compat.install()
    assert not compat.installed()
