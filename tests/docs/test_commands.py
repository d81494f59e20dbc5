"""Run the commands of README and documentation, page by page.

A page's ``console`` blocks run in order in one folder that holds a script and data. Commands
other than ``neonlike`` and ``python`` (installation, make) are left out. The lines below a command
must come in its output, in this order; ``…`` stands for anything. A line
``<!-- not run: reason -->`` before a block leaves it out.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from neonlike.serialization._objects import save_obj

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "compat" / "scripts"
BLOCK = re.compile(r"^(<!-- not run: .+ -->\n+)?```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = {"neonlike": [sys.executable, "-m", "neonlike"], "python": [sys.executable]}


def commands(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the words of each command to run, and the lines of output below it."""
    for skip, block in BLOCK.findall(text):
        for command in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            first, *output = command.splitlines()
            words = shlex.split(first, comments=True)
            if not skip and words[0] in PROGRAMS:
                yield words, [line for line in output if line.strip()]


PAGES = [
    path
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
    if list(commands(path.read_text(encoding="utf-8")))
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with neon's MNIST script and experiment, and a small MNIST in ``data``."""
    for name in ("mnist_mlp.py", "mnist_mlp.yaml"):
        shutil.copy(SCRIPTS / name, tmp_path)
    y = np.arange(256) % 10
    images = np.zeros((256, 28, 28), np.uint8)
    images[np.arange(256), 2 * y] = 200
    save_obj(((images, y), (images, y)), tmp_path / "data" / "mnist.pkl.gz")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, folder: Path) -> None:
    for words, expected in commands(page.read_text(encoding="utf-8")):
        done = subprocess.run(
            [*PROGRAMS[words[0]], *words[1:]],
            cwd=folder,
            # the benchmarks and examples are found in the checkout only
            env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        check(done.stdout + done.stderr, expected)


def check(output: str, expected: list[str]) -> None:
    """Check that lines match ``expected`` in its order; runs of spaces count as one."""
    lines = iter(re.sub(" +", " ", line).strip() for line in output.splitlines())
    for wanted in expected:
        parts = re.sub(" +", " ", wanted).strip().split("…")
        pattern = ".*".join(map(re.escape, parts))
        assert any(re.fullmatch(pattern, line) for line in lines), f"{wanted!r} not in\n{output}"


def test_runner_finds_commands() -> None:
    page = "```console\n$ pip install x\n$ neonlike info  # all\na …\n```\n"
    page += "<!-- not run: slow -->\n```console\n$ neonlike warmup\n```\n"
    assert list(commands(page)) == [(["neonlike", "info"], ["a …"])]
    check("a 1\nb  2\n", ["a …", " b 2"])
    with pytest.raises(AssertionError, match="'a …' not in"):
        check("b\na 1\n", ["b", "a …", "a …"])
