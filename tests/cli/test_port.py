"""``neonlike port``: neon's names and Python 2 rewritten, everything else untouched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neonlike.cli import main
from neonlike.cli._error import CommandError
from neonlike.cli._rewrite import DIVISION, rewrite

IMPORTS = [
    ("from neon.layers import Affine", "from neonlike.layers import Affine"),
    ("from neon import logger as neon_logger", "from neonlike import logger as neon_logger"),
    ("import neon\nneon.logger.display('x')", "import neonlike\nneonlike.logger.display('x')"),
    ("import neon.util.persist as p", "import neonlike.util.persist as p"),
    ("import os, neon.layers, sys", "import os, neonlike.layers, sys"),
    ("from neon.data import (A,  # why\n    B)", "from neonlike.data import (A,  # why\n    B)"),
    ("def f():\n    from neon.data import A", "def f():\n    from neonlike.data import A"),
    # an alias, a variable and an attribute of that name stay
    ("import neon.layers as neon\nneon.Affine", "import neonlike.layers as neon\nneon.Affine"),
    ("from lamps import neon\nneon.glow()", "from lamps import neon\nneon.glow()"),
    ("import lamps.neon\nlamps.neon.glow()", "import lamps.neon\nlamps.neon.glow()"),
    ("x = 'neon.layers.layer.Linear'  # neon", "x = 'neon.layers.layer.Linear'  # neon"),
]
OLD_NAMES = [
    (
        "from neon.data import DataIterator\nDataIterator(X)",
        "from neonlike.data import ArrayIterator\nArrayIterator(X)",
    ),
    ("class DataIterator: pass", "class DataIterator: pass"),
    (
        "import neon\nopt.clip_gradient_value(g, 5)",
        "import neonlike\nopt.clip_value(g, 5)",
    ),
    ("gen_backend(default_dtype=np.float64)", "gen_backend(datatype=np.float64)"),
    ("other(default_dtype=np.float64)", "other(default_dtype=np.float64)"),
]
PYTHON2 = [
    ("print 'a', 1", "print('a', 1)"),
    ("print 'a',", "print('a', end=' ')"),
    ("print 'Error = %.1f%%' % (e * 100)", "print('Error = %.1f%%' % (e * 100))"),
    (
        "try:\n    f()\nexcept IOError, e:\n    pass",
        "try:\n    f()\nexcept IOError as e:\n    pass",
    ),
    ("for i in xrange(3): pass", "for i in range(3): pass"),
    ("for k, v in d.iteritems(): pass", "for k, v in d.items(): pass"),
    ("if d.has_key('a'): pass", "if 'a' in d: pass"),
    ("x, t = it.next()", "x, t = next(it)"),
    ("import cPickle", "import pickle"),
    ("name = raw_input('?')", "name = input('?')"),
    ("raise ValueError, 'no'", "raise ValueError('no')"),
    ("x = 0777", "x = 0o777"),
    # with the future import print is a function in Python 2 as well
    (
        "from __future__ import print_function\nprint('a', xrange(2), file=f)",
        "from __future__ import print_function\nprint('a', range(2), file=f)",
    ),
    ("import helper\nprint 'a'", "import helper\nprint('a')"),
]


@pytest.mark.parametrize(("old", "new"), IMPORTS + OLD_NAMES + PYTHON2)
def test_rewriting(old: str, new: str) -> None:
    assert rewrite(old + "\n", "x.py")[0] == new + "\n"
    assert rewrite(old, "x.py")[0] == new  # no line end at the end of the file


@pytest.mark.parametrize("code", [new for _, new in IMPORTS + OLD_NAMES + PYTHON2])
def test_rewriting_again_changes_nothing(code: str) -> None:
    assert rewrite(code, "x.py") == (code, [])


def test_python_3_is_left_alone() -> None:
    code = "def f(x: int, /, *, y=1) -> dict: return {**x, 'k': f'{y!r}'}\nmap(f, d.keys())\n"
    assert rewrite(code, "x.py") == (code, [])


def test_notes() -> None:
    code = (
        "from neon.data import load_mnist, ImageLoader\nprint 3 / 2\n"
        "from neon.backends.nervanagpu import NervanaGPU\nbe = gen_backend(backend='gpu')\n"
    )
    notes = rewrite(code, "x.py")[1]
    assert [line for line, _ in notes] == [1, 1, 2, 3, 4]
    texts = dict(notes)
    assert texts[2] == DIVISION
    assert "no GPU backend" in texts[4]
    future = "from __future__ import division\nprint 3 / 2\n"
    assert rewrite(future, "x.py")[1] == []


def test_neither_python_2_nor_3() -> None:
    with pytest.raises(CommandError, match="x.py is neither Python 2 nor Python 3"):
        rewrite("for for for\n", "x.py")


def test_diff_and_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.py"
    old = "# -*- coding: latin-1 -*-\r\nfrom neon.data import load_mnist\r\nprint 'ä'\r\n"
    path.write_bytes(old.encode("latin-1"))
    assert main(["port", str(path)]) == 0
    said = capsys.readouterr()
    assert "-from neon.data import load_mnist\n" in said.out
    assert "+from neonlike.data import load_mnist\n" in said.out
    assert f"--- {path}" in said.out
    assert said.err == f"{path}:2: load_mnist(...) is MNIST(...).load_data() now\n"
    assert path.read_bytes() == old.encode("latin-1")
    assert main(["port", "--write", str(path)]) == 0
    new = old.replace("neon", "neonlike").replace("print 'ä'", "print('ä')")
    assert path.read_bytes() == new.encode("latin-1")
    capsys.readouterr()
    assert main(["port", "-w", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: nothing to change\n"


def test_files_that_are_no_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe")
    for name, message in [
        ("nowhere.py", "No such file"),
        ("bytes.py", "cannot read"),
        ("x.ipynb", "is a notebook: 'jupyter nbconvert --to script'"),
    ]:
        assert main(["port", str(tmp_path / name)]) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("library", ["fissix", "libcst"])
def test_without_a_library(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "neonlike.cli._rename", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CommandError, match=rf"needs {library}: pip install 'neonlike\[port\]'"):
        rewrite("print 'neon'\n", "x.py")
