"""The native format: what goes in comes out, and other programs can read the tensors."""

from __future__ import annotations

import gzip
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, BatchNorm, Conv, GeneralizedCost, Recurrent, RecurrentMean
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.serialization._tensor_file import DTYPES, parse_tensors
from neonlike.transforms import CrossEntropyMulti, Rectlin, Softmax, Tanh
from neonlike.util.modeldesc import ModelDescription
from neonlike.util.persist import load_obj, save_obj


@pytest.fixture
def be() -> Iterator[Any]:
    """Files do not depend on the kernel set."""
    yield gen_backend("reference", rng_seed=0, batch_size=4)
    cleanup_backend()


def round_trip(value: Any, path: Path) -> Any:
    save_obj(value, path / "a.safetensors")
    return load_obj(path / "a.safetensors")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**70,
        -0.1,
        math.inf,
        -math.inf,
        "text \u20ac \ud800 \0",
        b"\0bytes",
        [],
        (),
        {},
        (1, (2, [3, ()])),
        {"a": {"b": [1, 2]}, "": None},
        {1: "one", (2, 3): "pair", None: "none"},
        {"$tensor": "not one", "x": 1},
    ],
)
def test_plain_values(value: Any, tmp_path: Path) -> None:
    loaded = round_trip(value, tmp_path)
    assert loaded == value
    assert type(loaded) is type(value)


def test_not_a_number(tmp_path: Path) -> None:
    assert math.isnan(round_trip([math.nan], tmp_path)[0])
    assert np.isnan(round_trip(np.float32(np.nan), tmp_path))


@pytest.mark.parametrize("dtype", [d.name for d in DTYPES.values()])
def test_arrays_and_scalars(dtype: str, tmp_path: Path) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    value = {"a": array, "b": [array.T, array[:0], array[0, 0], np.array(array[1, 1])]}
    loaded = round_trip(value, tmp_path)
    np.testing.assert_array_equal(loaded["a"], array)
    transposed, empty, scalar, single = loaded["b"]
    np.testing.assert_array_equal(transposed, array.T)
    assert empty.shape == (0, 3)
    assert type(scalar) is type(array[0, 0])
    assert scalar == array[0, 0]
    assert single.shape == ()
    for each in (loaded["a"], transposed, empty, single):
        assert each.dtype == array.dtype
        assert each.flags.writeable
        assert each.flags.aligned


def test_other_byte_order_and_tensors(be: Any, tmp_path: Path) -> None:
    big = np.arange(3, dtype=">f8")
    loaded = round_trip([big, be.ones((2, 3))], tmp_path)
    np.testing.assert_array_equal(loaded[0], big)
    np.testing.assert_array_equal(loaded[1], np.ones((2, 3), np.float32))


def test_tensors_are_named_by_their_place(tmp_path: Path) -> None:
    array = np.zeros(1)
    value = {"a": {"b": [array]}, "a.b": {"0": array}, "__metadata__": array}
    assert len(round_trip(value, tmp_path)["a.b"]["0"]) == 1
    tensors, metadata = parse_tensors((tmp_path / "a.safetensors").read_bytes(), "a")
    assert sorted(tensors) == ["__metadata__~", "a.b.0", "a.b.0~"]
    assert metadata.keys() == {"format", "version", "description"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"model": [1, {"f": max}]}, "the entry 'model.1.f' is of type builtin_function"),
        (object(), "the object is of type object"),
        ({"a": np.array(["x"])}, "the entry 'a' is an array of dtype <U1"),
        ({"a": {1, 2}}, "type set"),
        ({"a": 1j}, "type complex"),
        ({"a": np.complex64(1)}, "type complex64"),
    ],
)
def test_what_the_format_cannot_hold(value: Any, message: str, tmp_path: Path) -> None:
    save_obj([1], tmp_path / "a.safetensors")
    with pytest.raises(TypeError, match=message):
        round_trip(value, tmp_path)
    assert load_obj(tmp_path / "a.safetensors") == [1]
    assert len(list(tmp_path.iterdir())) == 1


def test_loops_and_depth(tmp_path: Path) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        round_trip(loop, tmp_path)


def test_too_large_a_description(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save to a .prm file"):
        round_trip("x" * (1 << 24), tmp_path)


def test_compressed(tmp_path: Path) -> None:
    save_obj([np.arange(3)], tmp_path / "a.safetensors.gz")
    assert gzip.decompress((tmp_path / "a.safetensors.gz").read_bytes())[8:9] == b"{"
    assert load_obj(tmp_path / "a.safetensors.gz")[0].tolist() == [0, 1, 2]


def test_mapped_arrays_stay_on_disk(tmp_path: Path) -> None:
    round_trip([np.arange(3.0), np.array([True, False])], tmp_path)
    numbers, truth = load_obj(tmp_path / "a.safetensors", mapped=True)
    assert not numbers.flags.writeable
    assert numbers.tolist() == [0, 1, 2]
    assert truth.tolist() == [True, False]


def test_the_safetensors_package_reads_it(be: Any, tmp_path: Path) -> None:
    numpy_reader = pytest.importorskip("safetensors.numpy")
    safetensors = pytest.importorskip("safetensors")
    model = trained(tmp_path / "net.safetensors")
    tensors = numpy_reader.load_file(tmp_path / "net.safetensors")
    first = model.layers.layers[0]
    np.testing.assert_array_equal(tensors["model.config.layers.0.params.W"], first.W.get())
    with safetensors.safe_open(tmp_path / "net.safetensors", "numpy") as file:
        assert file.metadata()["format"] == "neonlike"


def test_files_of_the_safetensors_package_are_read(tmp_path: Path) -> None:
    writer = pytest.importorskip("safetensors.numpy")
    arrays = {name: np.arange(3).astype(d) for name, d in DTYPES.items()}
    writer.save_file(arrays, tmp_path / "a.safetensors", metadata={"by": "safetensors"})
    tensors, metadata = parse_tensors((tmp_path / "a.safetensors").read_bytes(), "a")
    assert metadata == {"by": "safetensors"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(tensors[name], array)
        assert tensors[name].dtype == array.dtype


# ------------------------------------------------------------------- models --


def layers() -> list[Any]:
    init = Gaussian(scale=0.2)
    return [
        Conv((2, 2, 3), init, padding={"pad_w": 1}, bias=init, activation=Rectlin()),
        BatchNorm(),
        Recurrent(4, init, activation=Tanh(), reset_cells=True),
        RecurrentMean(),
        Affine(3, init, activation=Softmax()),
    ]


def data() -> ArrayIterator:
    rng = np.random.RandomState(0)
    x = rng.standard_normal((10, 24)).astype(np.float32)
    return ArrayIterator(x, rng.randint(0, 3, 10), nclass=3, lshape=(2, 3, 4))


def trained(*paths: Path) -> Model:
    model = Model(layers())
    callbacks = Callbacks(model, progress_bar=False)
    model.fit(data(), GeneralizedCost(CrossEntropyMulti()), Adam(), 2, callbacks)
    for path in paths:
        model.save_params(path)
    return model


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("a.safetensors", True),
        ("a", True),
        ("a.model", True),
        ("a.SafeTensors", True),
        ("a.gz", True),
        ("a.prm", False),
        ("a.PRM", False),
        ("a.pkl", False),
        ("a.p", False),
        ("a.pickle", False),
        ("a.prm.gz", False),
    ],
)
def test_the_name_tells_what_is_written_the_content_what_is_read(
    be: Any, name: str, native: bool, tmp_path: Path
) -> None:
    model = trained(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    assert (content[8:9] == b"{") is native
    loaded = Model(str(tmp_path / name))
    np.testing.assert_array_equal(loaded.get_outputs(data()), model.get_outputs(data()))


def test_both_formats_hold_the_same(be: Any, tmp_path: Path) -> None:
    trained(tmp_path / "a.prm", tmp_path / "a.safetensors")
    legacy, native = (load_obj(tmp_path / name) for name in ("a.prm", "a.safetensors"))
    assert native.keys() == legacy.keys()
    assert native["train_input_shape"] == legacy["train_input_shape"] == (2, 3, 4)
    assert native["epoch_index"] == 3
    for key in ("optimizer", "cost"):
        native[key]["type"] = native[key]["type"].replace("neonlike", "neon")
    save_obj(native, tmp_path / "b.prm")
    back = load_obj(tmp_path / "b.prm")
    same(back, legacy)
    assert ModelDescription(str(tmp_path / "a.safetensors")) == ModelDescription(native)


def same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            same(first[key], second[key])
    elif isinstance(first, list | tuple):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            same(one, other)
    elif isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second)
        assert first.dtype == second.dtype
    else:
        assert first == second or first != first


# ---------------------------------------------------------------- full disk --

FULL = """
import resource, sys
import numpy as np
from neonlike.util.persist import load_obj, save_obj
path = sys.argv[1]
save_obj({"model": np.zeros(10)}, path)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    save_obj({"model": np.zeros(10_000)}, path)
except OSError as error:
    print(type(error).__name__, error, *error.__notes__)
print(load_obj(path)["model"].shape)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits exist on POSIX only")
@pytest.mark.parametrize("name", ["a.prm", "a.safetensors", "a.prm.gz"])
def test_no_room_keeps_the_old_file(name: str, tmp_path: Path) -> None:
    """The limit of a file's size fails like a full disk: in the middle of a write."""
    program = FULL.replace("np.zeros(10_000)", "np.random.rand(10_000)")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / name)],
        check=True,
        capture_output=True,
        text=True,
    )
    message, shape = done.stdout.strip().splitlines()
    assert "File too large" in message
    assert f"{name} was not written" in message
    assert shape == "(10,)"
    assert [path.name for path in tmp_path.iterdir()] == [name]
