"""Model files whose content is hostile, damaged or of another network.

The containers of both formats are sound here; what they describe is not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import (
    LSTM,
    Affine,
    BatchNorm,
    Conv,
    GeneralizedCost,
    LookupTable,
    Sequential,
)
from neonlike.layers.layer import Linear
from neonlike.models import Model
from neonlike.optimizers import Adam, RMSProp
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.load_experiment import deserialize
from neonlike.util.persist import load_class, load_obj, save_obj

INIT = Gaussian(scale=0.1)
LINEAR = "neon.layers.layer.Linear"
SEQUENTIAL = "neon.layers.container.Sequential"
# modules that Python has, that nothing here imports, and that do something when imported
FOREIGN = ("antigravity", "this", "turtledemo.__main__")


@pytest.fixture(autouse=True)
def be() -> Iterator[Any]:
    before = set(sys.modules)
    yield gen_backend("reference", rng_seed=0, batch_size=4)
    cleanup_backend()
    assert not set(FOREIGN) & (set(sys.modules) - before)


def layer(kind: Any = LINEAR, params: Any = None, **config: Any) -> dict[str, Any]:
    described = {"type": kind, "config": {"nout": 2, "init": None, "name": "top", **config}}
    described["params"] = {"W": np.zeros((2, 3), np.float32)} if params is None else params
    return described


def content(*layers: Any, **changes: Any) -> dict[str, Any]:
    config = {"name": "net", "layers": list(layers)}
    return {"model": {"type": SEQUENTIAL, "config": config, "container": True}, **changes}


def nested(depth: int) -> Any:
    value: Any = layer()
    for _ in range(depth):
        value = {"type": SEQUENTIAL, "config": {"layers": [value]}}
    return value


def of_type(kind: Any) -> dict[str, Any]:
    return content(layer(kind))


HOSTILE: dict[str, tuple[Any, str]] = {
    "a number": (5, "holds no model but a int"),
    "a list": ([content(layer())], "holds no model but a list"),
    "nothing": ({}, "holds no model"),
    "other entries": ({"state_dict": {}}, "its entries are \\['state_dict'\\]"),
    "a model that is text": ({"model": "x"}, "its model is no description"),
    "a model without config": ({"model": {"type": SEQUENTIAL}}, "its model is no description"),
    "config that is a list": (
        {"model": {"type": SEQUENTIAL, "config": []}},
        "cannot be loaded|config of model",
    ),
    "layers that are a dict": (
        {"model": {"type": SEQUENTIAL, "config": {"layers": {}}}},
        "the layers of model are no list",
    ),
    "a layer that is text": (content("Linear"), r"layers\[0\] is no description"),
    "a layer without config": (content({"type": LINEAR}), r"layers\[0\] is no description"),
    "an epoch that is text": (content(layer(), epoch_index="two"), "its epoch_index is 'two'"),
    "a backend that is text": (content(layer(), backend="cpu"), "its backend is 'cpu'"),
    "a type that is a number": (of_type(5), "5 is no dotted type name"),
    "a type that is a list": (of_type(["os", "system"]), "no dotted type name"),
    "a type without a module": (of_type("Linear"), "'Linear' is no dotted type name"),
    "a type with tricks": (of_type("neon.layers..os.system"), "no dotted type name"),
    "os.system": (of_type("os.system"), "there is no type os.system that a file may ask for"),
    "a class that runs things": (of_type("subprocess.Popen"), "no type subprocess.Popen"),
    "a module that does something": (of_type("antigravity.fly"), "import the module antigravity"),
    "a Zen module": (of_type("this.s"), "import the module this"),
    "an own function": (of_type("neonlike.layers._base.describe"), "no type"),
    "an own module beside": (of_type("neonlike.util.persist.save_obj"), "no type"),
    "an own class that opens files": (
        content(layer("neonlike.data.hdf5iterator.HDF5Iterator", hdf_filename="/etc/passwd")),
        "no type neonlike.data.hdf5iterator.HDF5Iterator",
    ),
    "an own class that writes files, inside": (
        content(layer(init={"type": "neon.callbacks.callbacks.CsvHistoryCallback", "config": {}})),
        "no type neon.callbacks.callbacks.CsvHistoryCallback",
    ),
    "a whole model, inside": (
        content(layer(init=[{"type": "neon.models.model.Model", "config": {"layers": "x.prm"}}])),
        "no type neon.models.model.Model",
    ),
    "a misspelled type": (of_type("neon.layers.layer.Linearr"), "mean neonlike.layers.layer.Lin"),
    "a type that has moved": (
        of_type("neon.layers.layer.LSTM"),
        "did you mean neonlike.layers.recurrent.LSTM",
    ),
    "a module that is missing": (of_type("neon.layers.dense.Affin"), "did you mean neonlike"),
    "a misspelled argument": (
        content({"type": LINEAR, "config": {"nuot": 2, "name": "top"}}),
        r"model.config.layers\[0\] \(top\): Linear takes no argument 'nuot'; did you mean 'nout'",
    ),
    "a missing argument": (content({"type": LINEAR, "config": {}}), "missing 2 required"),
    "an argument that is nonsense": (
        content({"type": "neon.layers.layer.Convolution_bias", "config": {"fshape": 5}}),
        "fshape|no parameter",
    ),
    "an unknown argument": (content(layer(zzz=1)), "it takes nout, init"),
    "a parameter that is a method": (
        content(layer(params={"W": np.zeros(1), "fprop": np.zeros(1)})),
        "'fprop' is no parameter of Linear",
    ),
    "nested too deeply": (content(nested(20_000)), "nested too deeply|digs too deep"),
    "a rec_layer that does something": (
        content({
            "type": "neon.layers.container.SkipThought",
            "config": {
                "vocab_size": 5, "embed_dim": 2, "init_embed": None, "nhidden": 2,
                "rec_layer": "antigravity.fly", "init_rec": None, "activ_rec": None,
                "activ_rec_gate": None, "init_ff": None, "init_const": None,
            },
        }),
        "import the module antigravity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["prm", "safetensors"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str, suffix: str, tmp_path: Path) -> None:
    value, message = HOSTILE[name]
    path = tmp_path / f"net.{suffix}"
    if "deep" in name:
        with pytest.raises((ValueError, RecursionError), match=message + "|recursion"):
            Model(value)
        return
    save_obj(value, path)
    if suffix == "prm":  # written with neon's prefix
        message = message.replace("no type neonlike.", "no type neon.")
    begin = time.monotonic()
    with pytest.raises(ValueError, match=message) as caught:
        Model(str(path))
    assert time.monotonic() - begin < 10
    assert str(path) in str([caught.value, *getattr(caught.value, "__notes__", [])])
    assert "\n" not in str(caught.value)


def test_the_honest_content_is_loaded() -> None:
    assert Model(content(layer())).layers.layers[0].W.shape == (2, 3)


def test_shared_parts_do_not_explode(tmp_path: Path) -> None:
    bomb: Any = [layer()]
    for _ in range(100):  # 2**100 layers, if each reference were followed
        bomb = [bomb, bomb]
    save_obj(content(bomb), tmp_path / "net.prm")
    with pytest.raises(ValueError, match="more than 1000000 entries"):
        Model(str(tmp_path / "net.prm"))


def test_loops_end(tmp_path: Path) -> None:
    loop = layer()
    loop["config"]["init"] = [loop]
    save_obj(content(loop), tmp_path / "net.prm")
    with pytest.raises(ValueError, match="contains itself"):
        Model(str(tmp_path / "net.prm"))


def test_own_classes_must_be_imported_by_the_program() -> None:
    module = ModuleType("my_layers")
    module.Mine = type("Mine", (Linear,), {"__module__": "my_layers"})  # type: ignore[attr-defined]
    described = of_type("my_layers.Mine")
    with pytest.raises(ValueError, match="import the module my_layers before you load"):
        Model(described)
    sys.modules["my_layers"] = module
    try:
        assert type(Model(described).layers.layers[0]).__name__ == "Mine"
    finally:
        del sys.modules["my_layers"]


def test_hostile_experiments(tmp_path: Path) -> None:
    for entry, value in (
        ("datasets", {"type": "antigravity.fly", "config": {}}),
        ("datasets", {"type": "os.system", "config": {"command": "true"}}),
        ("callbacks", {"callbacks": [{"type": "this.s", "config": {}}]}),
    ):
        facts = {"epoch_marker": 0, "output_file": None} if entry == "callbacks" else {}
        save_obj(content(layer(), **{entry: value | facts}), tmp_path / "net.prm")
        with pytest.raises(ValueError, match="file may ask for|import the module"):
            deserialize(tmp_path / "net.prm")


def test_scripts_may_name_any_type() -> None:
    """What a script or a YAML file of the user's names is imported, as ever."""
    assert load_class("fractions.Fraction").__name__ == "Fraction"
    for name, message in (
        ("neon.layers.layer.Affin", r"no Affin, .*; did you mean neonlike.layers.layer.Affine\?"),
        ("neon.layer.Affine", "no module neonlike.layer .*did you mean neonlike.layers.layer.Aff"),
        ("Affinee", "did you mean neonlike.layers.layer.Affine"),
        ("nomodule.X", "no module nomodule"),
    ):
        with pytest.raises((AttributeError, ImportError, ValueError), match=message):
            load_class(name)


# ------------------------------------------------------ damaged train states --


def data() -> ArrayIterator:
    rng = np.random.RandomState(0)
    return ArrayIterator(rng.standard_normal((8, 3)), rng.randint(0, 2, 8), nclass=2)


def fit(model: Model, epochs: int, **kwargs: Any) -> None:
    callbacks = Callbacks(model, progress_bar=False, **kwargs)
    model.fit(data(), GeneralizedCost(CrossEntropyMulti()), Adam(), epochs, callbacks)


DAMAGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no random states": lambda state: state.update(random={}),
    "random states that are text": lambda state: state["random"].update(numpy="x"),
    "too few words": lambda state: state["random"].update(python=(3, np.zeros(3), None)),
    "optimizer without state": lambda state: state["optimizer"].pop("state"),
    "layers that are no dict": lambda state: state.update(layers=[1]),
    "layers that do not exist": lambda state: state.update(layers={99: {"h": np.zeros(1)}}),
    "epoch without batches": lambda state: state.update(epoch={}),
    "callbacks that are none": lambda state: state.update(callbacks=7),
    "history of another shape": lambda state: state["callbacks"]["history"].update(
        {"cost/train": {"attrs": {}, "values": np.zeros((2, 2))}}
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_train_states(name: str, tmp_path: Path) -> None:
    path, bad = tmp_path / "run.safetensors", tmp_path / "bad.safetensors"
    model = Model([Affine(2, INIT, activation=Softmax())])
    fit(model, 1, checkpoint=path)
    loaded = load_obj(path)
    DAMAGES[name](loaded["train_state"])
    save_obj(loaded, bad)
    again = Model([Affine(2, INIT, activation=Softmax())])
    with pytest.raises(ValueError, match="training state does not fit this run|from another run"):
        fit(again, 3, checkpoint=bad, resume=True)
    Model(str(bad), weights_only=True)  # the way out that the message names


# ------------------------------------------------------------ other networks --


def lstm(n: int) -> LSTM:
    return LSTM(n, INIT, activation=Tanh(), gate_activation=Logistic())


OTHERS: dict[str, tuple[Any, Callable[[int], list[Any]], str]] = {
    "dense": (5, lambda n: [Affine(n, INIT), Affine(2, INIT)], r"expected shape \(4, 5\), got \(3"),
    "convolution": ((1, 4, 4), lambda n: [Conv((3, 3, n), INIT)], r"\(9, 4\), got \(9, 3\)"),
    "batch norm": ((4, 5), lambda n: [lstm(n), BatchNorm()], "LSTM layer .*expected shape"),
    "recurrent": ((4, 5), lambda n: [lstm(n)], "LSTM layer .*expected shape"),
    "words": ((5, 1), lambda n: [LookupTable(n, 2, INIT)], r"expected shape \(4, 2\), got \(3, 2"),
    "other layers": (
        5,
        lambda n: [Affine(4, INIT), BatchNorm() if n == 3 else Affine(4, INIT)],
        "Linear layer .*has only",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_weights_of_another_network(name: str, tmp_path: Path) -> None:
    shape, make, message = OTHERS[name]
    saved, other = Model(make(3)), Model(make(4))
    for model in (saved, other):
        model.initialize(shape)
    saved.save_params(tmp_path / "net.safetensors")
    with pytest.raises((AssertionError, KeyError), match=message) as caught:
        other.load_params(tmp_path / "net.safetensors")
    assert "layer 1 of" in str(caught.value) or "layer 2 of" in str(caught.value)
    assert any("net.safetensors" in note for note in caught.value.__notes__)


def test_another_number_of_layers(tmp_path: Path) -> None:
    saved, other = Model([Affine(2, INIT)]), Model(Sequential([Affine(2, INIT, bias=INIT)]))
    saved.initialize(5)
    saved.save_params(tmp_path / "net.safetensors")
    with pytest.raises(AssertionError, match="has 2 layers, the description has 1"):
        other.load_params(tmp_path / "net.safetensors")


def test_checkpoints_of_other_runs(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    fit(Model([Affine(2, INIT, activation=Softmax())]), 1, checkpoint=path)
    model = Model([Affine(2, INIT, activation=Softmax())])
    model.resume(path)
    callbacks = Callbacks(model, progress_bar=False)
    with pytest.raises(ValueError, match="its optimizer is Adam, here it is RMSProp"):
        model.fit(data(), GeneralizedCost(CrossEntropyMulti()), RMSProp(), 2, callbacks)
