"""``neonlike convert`` and ``neonlike inspect`` on both formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.cli import main
from neonlike.models import Model
from neonlike.util.persist import load_obj, save_obj

GOLDEN = Path(__file__).parents[1] / "golden" / "prm"
FILES = sorted(path.name for path in GOLDEN.glob("*.prm*"))


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    gen_backend("reference", batch_size=4)
    yield
    cleanup_backend()


def same(first: object, second: object) -> None:
    if isinstance(first, dict):
        assert isinstance(second, dict)
        assert first.keys() == second.keys()
        for key in first:
            same(first[key], second[key])
    elif isinstance(first, list | tuple):
        assert isinstance(second, type(first))
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            same(one, other)
    else:
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_neon_goes_there_and_back(name: str, tmp_path: Path) -> None:
    native, back = str(tmp_path / "net.safetensors"), str(tmp_path / "back.prm")
    assert main(["convert", str(GOLDEN / name), native]) == 0
    assert main(["convert", native, back]) == 0
    original = load_obj(GOLDEN / name)
    same(load_obj(native), original)
    same(load_obj(back), original)


def test_converted_models_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    native = str(tmp_path / "net.safetensors")
    assert main(["convert", str(GOLDEN / "convbn_py3.prm"), native]) == 0
    printed = capsys.readouterr()
    assert "bytes) -> " in printed.out
    assert not printed.err
    x = np.random.RandomState(0).standard_normal((5, 2, 6, 6))
    models = [Model(native), Model(str(GOLDEN / "convbn_py3.prm"))]
    outputs = []
    for model in models:
        model.initialize(load_obj(native)["train_input_shape"])
        shape = (5, *np.atleast_1d(model.layers.in_shape))
        outputs.append(model.predict(np.resize(x, shape)))
    np.testing.assert_array_equal(*outputs)
    assert main(["inspect", native]) == 0
    native_lines = capsys.readouterr().out.splitlines()[1:]
    assert main(["inspect", str(GOLDEN / "convbn_py3.prm")]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == native_lines


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = str(GOLDEN / "mlp_py3.prm"), tmp_path / "net.safetensors"
    target.write_bytes(b"precious")
    assert main(["convert", source, str(target)]) == 1
    assert "exists already; --force" in capsys.readouterr().err
    assert target.read_bytes() == b"precious"
    assert main(["convert", source, str(target), "--force"]) == 0
    for content, message in (
        (b"no pickle", "cannot be read as a pickle"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        (b"PK\x03\x04", "is a zip archive, such as PyTorch"),
        (None, "No such file"),
    ):
        bad = tmp_path / ("bad.prm" if content else "nowhere.prm")
        if content:
            bad.write_bytes(content)
        assert main(["convert", str(bad), str(tmp_path / "out.prm")]) == 1
        assert message in capsys.readouterr().err
    save_obj([1], tmp_path / "list.pkl")
    assert main(["convert", str(tmp_path / "list.pkl"), str(tmp_path / "out.prm")]) == 1
    assert "holds no model but a list" in capsys.readouterr().err
    assert not (tmp_path / "out.prm").exists()


def test_unknown_types_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer = {"type": "neon.layers.layer.Linearr", "config": {"name": "top"}}
    model = {"type": "neon.layers.container.Sequential", "config": {"layers": [layer]}}
    save_obj({"model": model}, tmp_path / "net.prm")
    hint = "did you mean neonlike.layers.layer.Linear?"
    for words in (["inspect", "net.prm"], ["convert", "net.prm", "net.safetensors"]):
        paths = [word if "." not in word else str(tmp_path / word) for word in words]
        assert main(paths) == 0
        printed = capsys.readouterr()
        assert hint in printed.out + printed.err


def test_inspect_a_foreign_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from neonlike.serialization._tensor_file import write_tensors

    with (tmp_path / "net.safetensors").open("wb") as file:
        write_tensors(file, {"fc.weight": np.zeros((3, 2), np.float32)}, {"format": "pt"})
    assert main(["inspect", str(tmp_path / "net.safetensors")]) == 0
    assert "fc.weight  float32  3 x 2" in capsys.readouterr().out
