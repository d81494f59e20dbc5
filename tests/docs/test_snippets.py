"""Run the Python blocks of README and documentation, page by page.

The blocks of a page run in order, in one namespace and an empty working folder. What a reader need
not see stands in a comment, ``<!--python`` ... ``-->``, and runs too. A line
``<!-- not run: reason -->`` before a block leaves it out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from neonlike.backends import cleanup_backend
from neonlike.backends.abstract_backend import Backend_ABC_Meta

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if "```python" in path.read_text(encoding="utf-8") and "_build" not in path.parts
)
BLOCK = re.compile(
    r"^(?P<skip><!-- not run: .+ -->\n+)?"
    r"(?:```python\n(?P<shown>.*?)^```|<!--python\n(?P<hidden>.*?)^-->)",
    re.MULTILINE | re.DOTALL,
)


def blocks(text: str) -> Iterator[str]:
    """Yield each block to run, behind as many empty lines as stand before it in the page."""
    for found in BLOCK.finditer(text):
        if not found["skip"]:
            group = "hidden" if found["shown"] is None else "shown"
            yield "\n" * text.count("\n", 0, found.start(group)) + found[group]


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr(Backend_ABC_Meta, "backends", dict(Backend_ABC_Meta.backends))
    yield
    cleanup_backend()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(f"snippets_of_{page.stem.lower()}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # saved models name its classes
    for source in blocks(page.read_text(encoding="utf-8")):
        exec(compile(source, str(page), "exec"), module.__dict__)


def test_runner_finds_blocks() -> None:
    page = "a\n```python\nx = 1\n```\n\n<!--python\ny = 2\n-->\n<!-- not run: slow -->\n"
    page += "```python\nz\n```\n```console\n$ z\n```\n"
    assert list(blocks(page)) == ["\n\nx = 1\n", "\n" * 6 + "y = 2\n"]
