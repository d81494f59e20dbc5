"""The tutorials run from top to bottom, and each notebook has the cells of its script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples" / "tutorials").glob("[0-9]*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_runs(script: Path, data_folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "MPLBACKEND": "agg", "NEON_DATA_CACHE_DIR": str(data_folder)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_has_the_cells_of_its_script(script: Path) -> None:
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    saved = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    assert saved == cells(script.read_text(encoding="utf-8")), "run make notebooks"


def cells(script: str) -> list[tuple[str, str]]:
    """Return type and source of each cell of a script in the percent format."""
    found = []
    for part in f"\n{script}".split("\n# %%")[1:]:
        mark, _, body = part.partition("\n")
        if mark.strip() == "[markdown]":
            lines = [line.removeprefix("#").removeprefix(" ") for line in body.strip().split("\n")]
            found.append(("markdown", "\n".join(lines)))
        else:
            found.append(("code", body.strip()))
    return found
