"""``neonlike run``: as python would, except that neon means neonlike."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
SCRIPT = Path("folder") / "script.py"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write a script into a folder below the current one, and run it."""

    def start(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / SCRIPT
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "neonlike", "run", str(SCRIPT), *arguments]
        # nothing compiles: these scripts compute next to nothing
        environment = os.environ | {"NEONLIKE_JIT": "0", "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
        )

    return start


def test_surroundings_are_those_of_python(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "helper.py").write_text("WORD = 'beside'\n")
    done = run(
        '''"""What it is."""
import sys
import helper
import __main__
print(sys.argv, __name__, __doc__, __file__, helper.WORD)
class Layer: pass
assert __main__.Layer is Layer and __spec__ is None
import neon, neonlike
assert neon is neonlike
''',
        "-h",
        "--x=1",
        "--",
        "y",
    )
    assert done.returncode == 0, done.stderr
    script = str(SCRIPT)
    expected = [script, "-h", "--x=1", "--", "y"]
    assert done.stdout == f"{expected} __main__ What it is. {script} beside\n"


@pytest.mark.parametrize(("ending", "status"), [("3", 3), ("", 0), ("'words'", 1)])
def test_exit_status_is_kept(run: Run, ending: str, status: int) -> None:
    done = run(f"import sys\nsys.exit({ending})")
    assert done.returncode == status
    assert done.stderr.strip() == ending.strip("'3")


def test_errors_show_the_script_only(run: Run) -> None:
    done = run("def f():\n    return 1 / 0\n\nf()\n")
    assert done.returncode == 1
    assert done.stderr.count("  File ") == 2
    assert f'File "{SCRIPT}", line 4, in <module>' in done.stderr
    assert f'File "{SCRIPT}", line 2, in f' in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_gpu_import_ends_in_one_sentence(run: Run) -> None:
    done = run("from neon.backends.nervanagpu import NervanaGPU\n")
    assert done.returncode == 1
    assert "no GPU backend; use gen_backend('cpu')" in done.stderr
    assert "importlib" not in done.stderr


def test_an_old_name_warns_once(run: Run) -> None:
    done = run(
        "from neon.layers import DropoutBinary\n"
        "from neon.backends import gen_backend\ngen_backend()\n"
        "for i in range(3):\n    DropoutBinary(keep=0.5)\n"
    )
    assert done.returncode == 0
    assert done.stderr.count("DropoutBinary is a name of neon 1.x, write Dropout") == 1
    assert f"{SCRIPT}:5: DeprecationWarning" in done.stderr


def test_interrupt(run: Run) -> None:
    done = run("raise KeyboardInterrupt")
    assert done.returncode == 130
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_python_2_gets_a_hint(run: Run) -> None:
    done = run("print 'hello'\n")
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    assert f"'neonlike port --write {SCRIPT}' rewrites it" in done.stderr


def test_there_is_no_script(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "neonlike", "run", "nowhere.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "neonlike run: there is no script nowhere.py\n"
