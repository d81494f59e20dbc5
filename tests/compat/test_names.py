"""Every public name of neon 2.6 exists under its dotted path, and is one object everywhere."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

NAMES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("neon_names.json").read_text(encoding="utf-8")
)


def module(path: str) -> Any:
    return importlib.import_module(path.replace("neon", "neonlike", 1))


@pytest.mark.parametrize("path", list(NAMES))
def test_module(path: str) -> None:
    found = module(path)
    for name, defined_in in NAMES[path].items():
        assert hasattr(found, name), f"{path}.{name}"
        assert getattr(found, name) is getattr(module(defined_in), name), f"{path}.{name}"
