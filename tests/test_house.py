"""The rules of the house that no other tool checks: sizes, façades, twin kernel sets, manners."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "neonlike"
SOURCES = sorted(
    path
    for folder in ("neonlike", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
FACADES = [
    "backends/backend.py",
    "backends/abstract_backend.py",
    "backends/nervanacpu.py",
    "backends/nervanamkl.py",
    "backends/autodiff.py",
    "backends/layer_cpu.py",
    "callbacks/callbacks.py",
    "initializers/initializer.py",
    "layers/layer.py",
    "layers/container.py",
    "layers/recurrent.py",
    "layers/recurrent_zoo.py",
    "models/model.py",
    "optimizers/optimizer.py",
    "transforms/activation.py",
    "transforms/cost.py",
    "transforms/transform.py",
]
UNIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
OP_TABLES = {"UNARY", "BINARY", "REDUCE", "COMBINE"}
KERNEL_MODULES = sorted(
    path.stem
    for path in (PACKAGE / "kernels" / "reference").glob("*.py")
    if not path.stem.startswith("_")
)


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = node.end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 60, f"{node.name} has {length} lines"


def test_unix_modules_are_imported_under_conditions() -> None:
    for path in SOURCES:
        top = ast.parse(path.read_text(encoding="utf-8")).body
        names = {a.name for node in top if isinstance(node, ast.Import) for a in node.names}
        names |= {str(node.module) for node in top if isinstance(node, ast.ImportFrom)}
        assert not names & UNIX_ONLY, label(path)


@pytest.mark.parametrize("path", FACADES)
def test_facades_only_reexport(path: str) -> None:
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        names = isinstance(node, ast.Assign) and node.targets[0].id == "__all__"
        assert docstring or names or isinstance(node, ast.ImportFrom), ast.unparse(node)


def public_functions(module: ModuleType) -> dict[str, inspect.Signature]:
    found = {}
    for name, value in vars(module).items():
        function = getattr(value, "py_func", value)
        if not name.startswith("_") and isinstance(function, FunctionType):
            found[name] = inspect.signature(function)
    return found


def tables(module: ModuleType) -> dict[str, set[str]]:
    """The op tables of ``elementwise`` and ``reduce``: there the functions are the values."""
    return {name: set(v) for name, v in vars(module).items() if name in OP_TABLES}


@pytest.mark.parametrize("name", KERNEL_MODULES)
def test_kernel_sets_are_twins(name: str) -> None:
    reference = importlib.import_module(f"neonlike.kernels.reference.{name}")
    fast = importlib.import_module(f"neonlike.kernels.numba.{name}")
    assert tables(reference) == tables(fast)
    if tables(reference):
        return
    signatures = public_functions(fast)
    for function, signature in public_functions(reference).items():
        if getattr(reference, function).__module__ == reference.__name__:
            assert list(signatures[function].parameters) == list(signature.parameters), function


def decorators(node: ast.FunctionDef) -> set[str]:
    return {d.id for d in node.decorator_list if isinstance(d, ast.Name)}


def test_kernels_that_count_no_references_return_no_arrays() -> None:
    """An ``owner`` that calls them would give back references that nobody took."""
    found = 0
    for path in (PACKAGE / "kernels" / "numba").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and decorators(node) & {"jit", "jit_sum", "inner"}:
                found += 1
                assert node.returns is not None, f"{path.stem}.{node.name}"
                assert "Array" not in ast.unparse(node.returns), f"{path.stem}.{node.name}"
    assert found > 100


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "numba, scipy, h5py, matplotlib, PIL, llvmlite"
    code = f"import sys, neonlike; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
