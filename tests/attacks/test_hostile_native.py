"""Damaged and hostile files in the native format: refused with one sentence, quickly."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from attacks.native_files import DAMAGED, HONEST, described, entry

from neonlike.serialization._tensor_file import DamagedFileError
from neonlike.util.persist import load_obj


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name: str, tmp_path: Path) -> None:
    data, message = DAMAGED[name]
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    for mapped in (False, True):
        with pytest.raises(DamagedFileError, match=message) as caught:
            load_obj(path, mapped=mapped)
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 400 + len(str(path))


def test_the_honest_file_is_read() -> None:
    loaded: Any = load_obj(io.BytesIO(HONEST))
    assert loaded["a"].tolist() == [0, 0]
    assert loaded["b"] == [1, (2,)]


def test_every_cut_off_file_is_refused() -> None:
    for length in range(9, len(HONEST)):
        with pytest.raises(DamagedFileError, match="cannot be read"):
            load_obj(io.BytesIO(HONEST[:length]))


def test_unused_and_unaligned_tensors_are_harmless() -> None:
    tensors = {"x": entry("U8", [1], [0, 1]), "a": entry("F64", [1], [1, 9])}
    loaded: Any = load_obj(io.BytesIO(described([{"$tensor": "a"}], tensors, bytes(9))))
    assert loaded[0].tolist() == [0]
