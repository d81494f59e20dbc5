"""Files of other programs, and no files at all: one sentence that names the file."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.models import Model
from neonlike.util.persist import load_obj


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    gen_backend("reference", batch_size=2)
    yield
    cleanup_backend()


def bytes_of(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)


def archive(path: Path) -> None:
    """What torch.save writes is a zip archive with a pickle."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({}))


def numpy_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def numpy_archive(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (bytes_of(b""), "cannot be read"),
    "one byte": (bytes_of(b"{"), "cannot be read"),
    "only zeros": (bytes_of(bytes(100_000)), "is no pickle opcode"),
    "text": (bytes_of(b"hello, world\n" * 100), "cannot be read|refused"),
    "JSON": (bytes_of(json.dumps({"model": 1}).encode()), "cannot be read|refused"),
    "YAML": (bytes_of(b"layers:\n - type: neon.layers.layer.Linear\n"), "cannot be read|refused"),
    "Python": (bytes_of(b"import os\nos.system('true')\n"), "cannot be read|refused"),
    "HTML": (bytes_of(b"<html>404</html>"), "is a web page or XML document"),
    "Git LFS": (bytes_of(b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    "PNG": (bytes_of(b"\x89PNG\r\n\x1a\n" + bytes(50)), "is a picture"),
    "a program": (bytes_of(b"\x7fELF\2\1\1" + bytes(50)), "cannot be read"),
    "HDF5": (hdf5, "is an HDF5 file"),
    "a PyTorch archive": (archive, "is a zip archive, such as PyTorch, Keras and NumPy write"),
    "a NumPy array": (numpy_array, "is a NumPy array .read it with numpy.load"),
    "NumPy arrays": (numpy_archive, "is a zip archive"),
    "gzip without .gz": (bytes_of(gzip.compress(b"x")), "its name does not end in .gz"),
    "a pickle of something else": (bytes_of(pickle.dumps([1, 2])), "holds no model but a list"),
    "a PyTorch state": (
        bytes_of(pickle.dumps({"state_dict": {"fc.weight": np.zeros(3)}})),
        r"holds no model: its entries are \['state_dict'\]",
    ),
}


@pytest.mark.parametrize("suffix", ["prm", "safetensors"])
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign(name: str, suffix: str, tmp_path: Path) -> None:
    write, message = FOREIGN[name]
    path = tmp_path / f"net.{suffix}"
    write(path)
    with pytest.raises((pickle.UnpicklingError, ValueError), match=message) as caught:
        Model(str(path))
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.prm"):
        Model(str(tmp_path / "nowhere.prm"))
    with pytest.raises(OSError, match=str(tmp_path)):
        Model(str(tmp_path))


def test_compressed_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neonlike.serialization._objects.UNPACKED_FREE", 1 << 20)
    path = tmp_path / "net.prm.gz"
    path.write_bytes(gzip.compress(bytes(50 << 20)))
    with pytest.raises(pickle.UnpicklingError, match="unpack it with gunzip"):
        load_obj(path)
    path.write_bytes(gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(pickle.UnpicklingError, match="cannot be unpacked"):
        load_obj(path)
