"""Models of real neon files compute what neon computed (tests/golden/README-training.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import Affine, Conv
from neonlike.models import Model
from neonlike.transforms import Rectlin, Softmax
from neonlike.util.persist import load_obj

GOLDEN = Path(__file__).parents[1] / "golden" / "prm"
with h5py.File(GOLDEN / "prm.h5") as file:
    CASES = {name: json.loads(group.attrs["case"]) for name, group in file.items()}

N = 4
NOT_A_MODEL = [name for name, case in CASES.items() if "oldformat" in name]
ALONE = [name for name in CASES if name not in NOT_A_MODEL]


def arrays(name: str) -> dict[str, np.ndarray]:
    with h5py.File(GOLDEN / "prm.h5") as file:
        return {key: data[()] for key, data in file[name].items()}


def path(name: str) -> str:
    return str(GOLDEN / CASES[name]["file"])


def script_model(name: str) -> Model:
    """The net of a file that neon loads into a model built by a script."""
    top = Affine(3, init=GlorotUniform(), bias=Constant(), activation=Softmax())
    if name.startswith("conv"):
        conv = Conv((3, 3, 4), init=GlorotUniform(), bias=Constant(0.2), activation=Rectlin())
        return Model([conv, top])
    return Model([Affine(8, init=GlorotUniform(), bias=Constant(0.1), activation=Rectlin()), top])


def in_shape(name: str, content: dict[str, Any]) -> Any:
    return content.get("train_input_shape", 6)


def inputs(be: Any, name: str, X: np.ndarray, batch: int) -> Any:
    if X.ndim == 3:  # tokens (batch, N, step)
        tokens = be.array(np.ascontiguousarray(X[batch].T), dtype=np.int32)
        if name.startswith("lut"):
            return tokens
        onehot = be.zeros((5, tokens.size))
        onehot[:] = be.onehot(tokens.reshape((1, -1)), axis=0)
        return onehot
    x = be.array(np.ascontiguousarray(X[batch * N : (batch + 1) * N].T))
    return [x, x] if name.startswith("merge") else x


def check_outputs(be: Any, name: str, model: Model, golden: str | None = None) -> None:
    given = arrays(golden or name)
    outputs = [given[key] for key in sorted(given) if key.startswith("outputs")]
    for batch in range(len(outputs[0])):
        got = model.fprop(inputs(be, name, given["X"], batch), inference=True)
        got = got if isinstance(got, list | tuple) else [got]
        assert len(got) == len(outputs)
        for tensor, expected in zip(got, outputs, strict=True):
            np.testing.assert_allclose(tensor.get(), expected[batch], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ALONE)
def test_model_of_a_file(make_be: Callable[..., Any], name: str) -> None:
    be = make_be(batch_size=N)
    model = Model(path(name))
    model.initialize(in_shape(name, load_obj(path(name))))
    assert model.epoch_index == CASES[name]["epoch_index"]
    check_outputs(be, name, model)


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith(("mlp_py", "conv_b", "synth"))])
def test_weights_into_a_model_of_the_script(make_be: Callable[..., Any], name: str) -> None:
    be = make_be(batch_size=N)
    model = script_model(name)
    model.load_params(path(name))
    model.initialize((2, 7, 8) if name.startswith("conv") else 6)
    # the original could not read the ndarray variant; its net is that of mlp_py3
    check_outputs(be, name, model, "mlp_py3" if "ndarray" in name else None)


@pytest.mark.parametrize("name", NOT_A_MODEL)
def test_files_without_architecture_are_refused(be: Any, name: str) -> None:
    with pytest.raises(Exception, match="architecture|layers"):
        Model(path(name))


@pytest.mark.parametrize("name", ALONE)
def test_saved_again(make_be: Callable[..., Any], name: str, tmp_path: Path) -> None:
    """A model read, written in neon's form and read again computes the same."""
    be = make_be(batch_size=N)
    again = str(tmp_path / "again.prm")
    shape = in_shape(name, load_obj(path(name)))
    model = Model(path(name))
    model.initialize(shape)
    model.save_params(again)
    content = load_obj(again)
    assert content["model"]["type"].startswith("neon.layers.container.")
    assert content["backend"]["type"] == "NervanaCPU"
    model = Model(again)
    model.initialize(shape)
    check_outputs(be, name, model)


def test_loading_leaves_the_dictionary_alone(be: Any) -> None:
    content = load_obj(path("tree_py3"))
    for _ in range(2):
        model = Model(content)
        model.initialize(6)
        check_outputs(be, "tree_py3", model)
