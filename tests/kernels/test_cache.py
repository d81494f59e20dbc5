"""The folder of compiled kernels: old versions go, whoever still uses one goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neonlike.kernels.numba._cache import KEPT, remove_unused

PROGRAM = """
import shutil
from neonlike.kernels.numba._jit import cache_folder, jit

@jit
def double(x):
    return 2 * x

assert double(1) == 2
shutil.rmtree(cache_folder())
assert double(1.5) == 3.0
"""


def test_the_folders_used_last_stay(tmp_path: Path) -> None:
    folders = [tmp_path / f"kernels-{number:016x}" for number in range(KEPT + 3)]
    for age, folder in enumerate(folders):
        (folder / "module").mkdir(parents=True)
        (folder / "module" / "code.nbc").touch()
        os.utime(folder, (1e9 - age, 1e9 - age))
    for name in ("kernels", "kernels-of-mine", "other"):
        (tmp_path / name).mkdir()
    remove_unused(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"kernels", "kernels-of-mine", "other", *(f.name for f in folders[:KEPT])}


def test_a_new_version_removes_old_ones(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    for number in range(KEPT):
        folder = tmp_path / f"kernels-{number:016x}"
        folder.mkdir()
        os.utime(folder, (1e9 + number, 1e9 + number))
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / f"kernels-{0:016x}").exists()
    assert (tmp_path / f"kernels-{1:016x}").exists()


def test_a_temporary_folder_goes_with_the_process(tmp_path: Path) -> None:
    """Where the cache folder cannot be written, kernels work, and nothing is left behind."""
    occupied, temporary, program = (tmp_path / name for name in ("file", "tmp", "program.py"))
    occupied.touch()
    temporary.mkdir()
    program.write_text(
        PROGRAM.replace(
            "shutil.rmtree(cache_folder())", "import os\nassert os.listdir(os.environ['TMPDIR'])"
        )
    )
    environment = {"NUMBA_CACHE_DIR": str(occupied), "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, str(program)], env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
