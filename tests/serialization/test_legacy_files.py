"""Pickles of neon: read into plain data, written so that neon can read them."""

from __future__ import annotations

import gzip
import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.backends import gen_backend
from neonlike.util.persist import load_class, load_obj, save_obj

GOLDEN = Path(__file__).parents[1] / "golden" / "prm"
FILES = sorted(p.name for p in GOLDEN.iterdir() if ".prm" in p.name)
PLAIN = (dict, list, tuple, str, bytes, int, float, bool, type(None), np.ndarray, np.generic)


def leaves(value: Any) -> Iterator[Any]:
    """All values in nested containers, the containers included."""
    yield value
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield key
        if isinstance(item, dict | list | tuple):
            yield from leaves(item)
        else:
            yield item


@pytest.mark.parametrize("name", FILES)
def test_golden_file_gives_plain_data(name: str) -> None:
    content = load_obj(GOLDEN / name)
    for value in leaves(content):
        assert isinstance(value, PLAIN)
        assert not isinstance(value, bytes)
        if isinstance(value, np.ndarray):
            assert type(value) is np.ndarray
            assert value.flags.c_contiguous
    info = case(name)
    assert sorted(content) == sorted(info["keys"])
    assert content["epoch_index"] == info["epoch_index"]
    if "model" in content:
        check_layers(content["model"]["config"]["layers"], info["layers"])


def case(name: str) -> dict[str, Any]:
    import json

    with h5py.File(GOLDEN / "prm.h5") as file:
        return json.loads(file[name.partition(".")[0]].attrs["case"])


def check_layers(layers: list[Any], expected: list[Any]) -> None:
    """Compare types, config keys and shapes with the summary in prm.h5."""
    assert len(layers) == len(expected)
    for layer, summary in zip(layers, expected, strict=True):
        assert layer["type"] == summary["type"]
        assert sorted(layer["config"]) == summary["config_keys"]
        if "layers" in summary:
            check_layers(layer["config"]["layers"], summary["layers"])
        for key, (shape, dtype) in summary.get("params", {}).items():
            array = layer["params"][key]
            assert (list(array.shape), array.dtype.name) == (shape, dtype)
        if "states" in summary:
            assert shapes(layer["states"]) == summary["states"]


def shapes(states: list[Any]) -> list[Any]:
    return [shapes(s) if isinstance(s, list) else list(s.shape) for s in states]


def test_python_2_and_3_files_hold_the_same_layout() -> None:
    py2, py3 = (load_obj(GOLDEN / f"lecture_py{n}.prm") for n in (2, 3))
    assert structure(py2["model"]) == structure(py3["model"])


def structure(value: Any) -> Any:
    """Types in nested containers; the order of keys does not count, nor do names."""
    if isinstance(value, dict):
        return {key: structure(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [structure(item) for item in value]
    return type(value), getattr(value, "shape", None)


def test_tensor_initializer_becomes_an_array() -> None:
    content = load_obj(GOLDEN / "mlp_tensor_init_py3.prm.gz")
    init = content["model"]["config"]["layers"][0]["config"]["init"]
    assert (type(init), init.shape, init.dtype) == (np.ndarray, (8, 6), np.float32)


@pytest.mark.parametrize("name", FILES)
def test_rewritten_file_is_what_old_numpy_and_neon_read(name: str, tmp_path: Path) -> None:
    content = load_obj(GOLDEN / name)
    path = tmp_path / "again.prm"
    save_obj(content, path)
    names, strings = opcodes(path.read_bytes())
    assert names <= {
        "_codecs encode",
        "numpy dtype",
        "numpy ndarray",
        "numpy.core.multiarray _reconstruct",
        "numpy.core.multiarray scalar",
    }
    assert not [s for s in strings if s.startswith("neonlike")]
    assert_same(load_obj(path), content)


def opcodes(data: bytes) -> tuple[set[str], list[str]]:
    names: set[str] = set()
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(data):
        assert opcode.proto <= 2
        if opcode.name == "GLOBAL":
            names.add(argument)
        elif isinstance(argument, str):
            strings.append(argument)
    return names, strings


def assert_same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    if isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b


def test_type_names_get_neons_prefix_and_come_back(tmp_path: Path) -> None:
    description = {"type": "neonlike.data.dataiterator.ArrayIterator", "config": {"type": 3}}
    nested = {"layers": [description, ({"type": "__main__.Mine"},)], "note": "neonlike.data"}
    save_obj(nested, tmp_path / "a.prm")
    loaded = load_obj(tmp_path / "a.prm")
    assert loaded["layers"][0]["type"] == "neon.data.dataiterator.ArrayIterator"
    assert loaded["layers"][1][0]["type"] == "__main__.Mine"
    assert loaded["note"] == "neonlike.data"
    assert description["type"].startswith("neonlike")  # the caller's object is untouched
    assert load_class(loaded["layers"][0]["type"]) is load_class(description["type"])


def test_renaming_touches_no_content(tmp_path: Path) -> None:
    text = "cnumpy._core.multiarray\nscalar\n"
    content = [text, np.frombuffer(text.encode(), np.uint8), np.float32(3)]
    save_obj(content, tmp_path / "a.pkl")
    assert_same(load_obj(tmp_path / "a.pkl"), content)


def test_tensors_and_special_arrays_are_written_as_plain_arrays(tmp_path: Path) -> None:
    be = gen_backend("reference", batch_size=2)
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    memory = np.memmap(tmp_path / "map", np.float32, "w+", shape=(2, 3))
    memory[:] = values
    save_obj([be.array(values), be.array(values).T, values.T, memory], tmp_path / "a.pkl")
    first, second, third, fourth = load_obj(tmp_path / "a.pkl")
    for got, expected in ((first, values), (second, values.T), (third, values.T), (fourth, values)):
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3), np.float32),
        np.array(3.0),
        np.array([True, False]),
        np.array(["ab", "c"]),
        np.array([b"ab", b"c"]),
        np.array([1 + 2j]),
        np.array([None, [2, 3], np.arange(2)], dtype=object),
        np.float32(3),
        np.int64(3),
        np.bool_(True),
        np.str_("x"),
        {np.int64(3): "key"},
        np.dtype("f4"),
        np.float32,
        {1, 2},
        frozenset([1]),
        b"abc",
        b"",
        3 + 4j,
        10**30,
        OrderedDict(a=1),
    ],
    ids=repr,
)
def test_other_contents_of_data_files(value: Any, protocol: int) -> None:
    loaded = load_obj(io.BytesIO(pickle.dumps(value, protocol)))
    if isinstance(value, np.ndarray) and value.dtype == object:
        assert_same(loaded.tolist(), value.tolist())
    elif isinstance(value, np.ndarray):
        assert loaded.dtype == value.dtype.newbyteorder("=")
        np.testing.assert_array_equal(loaded, value)
    else:
        assert loaded == value


def test_python_2_names() -> None:
    text = b"\x80\x02cfuture.types.newstr\nnewstr\nX\x01\x00\x00\x00a\x85\x81."
    assert load_obj(io.BytesIO(text)) == "a"
    assert load_obj(io.BytesIO(b"c__builtin__\nset\n((lp0\nI1\natR.")) == {1}
    # an object of protocol 0
    tensor = b"cneon.backends.nervanacpu\nCPUTensor\nc__builtin__\nobject\nNtR"
    state = pickle.dumps({"_tensor": np.arange(2)}, 0)[:-1].replace(b"numpy._core", b"numpy.core")
    content = b"ccopy_reg\n_reconstructor\n(" + tensor + state + b"b."
    assert load_obj(io.BytesIO(content)).tolist() == [0, 1]


def test_shared_arrays_stay_shared(tmp_path: Path) -> None:
    array = np.zeros(3)
    save_obj([array, {"again": array}], tmp_path / "a.pkl")
    first, second = load_obj(tmp_path / "a.pkl")
    assert first is second["again"]


def test_several_pickles_in_one_file() -> None:
    file = io.BytesIO(pickle.dumps(1) + pickle.dumps([2], 0) + pickle.dumps({3: 4}, 2))
    assert [load_obj(file) for _ in range(3)] == [1, [2], {3: 4}]


class Mine:
    """A class of the user's own."""

    def __init__(self) -> None:
        self.array = np.arange(3)


def test_own_classes_need_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    module = types.ModuleType("my_module")
    module.Mine = Mine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_module", module)
    monkeypatch.setattr(Mine, "__module__", "my_module")
    save_obj({"callback": Mine()}, tmp_path / "a.pkl")
    with pytest.raises(pickle.UnpicklingError, match=r"asks for my_module.Mine.*allow"):
        load_obj(tmp_path / "a.pkl")
    loaded = load_obj(tmp_path / "a.pkl", allow=["my_module.Mine"])
    assert isinstance(loaded["callback"], Mine)
    np.testing.assert_array_equal(loaded["callback"].array, [0, 1, 2])
    del module.Mine  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="the interface may have changed"):
        load_obj(tmp_path / "a.pkl", allow=["my_module.Mine"])


def test_compressed_files(tmp_path: Path) -> None:
    save_obj([1, 2], tmp_path / "a.pkl.gz")
    assert gzip.decompress((tmp_path / "a.pkl.gz").read_bytes())[:1] == b"\x80"
    assert load_obj(tmp_path / "a.pkl.gz") == [1, 2]
    (tmp_path / "a.pkl.gz").write_bytes((tmp_path / "a.pkl.gz").read_bytes()[:20])
    with pytest.raises(pickle.UnpicklingError, match="a.pkl.gz"):
        load_obj(tmp_path / "a.pkl.gz")
    (tmp_path / "b.pkl.gz").write_bytes(b"no gzip")
    with pytest.raises(pickle.UnpicklingError, match=r"b.pkl.gz cannot be unpacked: Not a gzip"):
        load_obj(tmp_path / "b.pkl.gz")
