"""Names of neon 1.x: they work with one warning, or say what replaces them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neonlike.data
from neonlike.layers import Dropout, DropoutBinary
from neonlike.optimizers import GradientDescentMomentum
from neonlike.serialization._objects import save_obj


def test_load_mnist(tmp_path: Path) -> None:
    images = np.full((3, 28, 28), 255, np.uint8)
    part = (images, np.arange(3))
    save_obj((part, part), tmp_path / "mnist.pkl.gz")
    with pytest.warns(DeprecationWarning, match=r"write MNIST\(...\).load_data\(\)") as caught:
        (X, y), _, nclass = neonlike.data.load_mnist(path=str(tmp_path))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (X.shape, X.max(), list(y), nclass) == ((3, 784), 1.0, [0, 1, 2], 10)


def test_load_cifar10(tmp_path: Path) -> None:
    with (
        pytest.warns(DeprecationWarning, match=r"write CIFAR10\(...\).load_data\(\)"),
        pytest.raises(TypeError, match="no_such_option"),
    ):
        neonlike.data.load_cifar10(path=str(tmp_path), no_such_option=1)


def test_data_iterator(be: Any) -> None:
    with pytest.warns(DeprecationWarning, match="DataIterator is now ArrayIterator"):
        iterator = neonlike.data.DataIterator(np.eye(4), np.arange(4) % 2, nclass=2)
    assert isinstance(iterator, neonlike.data.ArrayIterator)


def test_dropout_binary(be: Any) -> None:
    with pytest.warns(DeprecationWarning, match="write Dropout"):
        layer = DropoutBinary(keep=0.7)
    assert isinstance(layer, Dropout)
    assert layer.keep == 0.7


def test_clip_gradient_value(be: Any) -> None:
    optimizer = GradientDescentMomentum(0.1, 0.9)
    grad, out = be.array(np.array([[-3.0, 0.5, 3.0]])), be.empty((1, 3))
    with pytest.warns(DeprecationWarning, match="write clip_value"):
        out[:] = optimizer.clip_gradient_value(grad, 1)
    np.testing.assert_array_equal(out.get(), [[-1, 0.5, 1]])


def test_default_dtype(make_be: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="neonlike")
    assert make_be(default_dtype=np.float64).default_dtype is np.float64
    (record,) = (r for r in caplog.records if r.name == "neonlike.backends._generate")
    assert "neon 1.x's name of datatype" in record.message


@pytest.mark.parametrize("name", ["DataLoader", "ImageLoader", "ImageParams", "AudioParams"])
def test_the_media_loader_says_what_replaces_it(name: str) -> None:
    with pytest.raises(NotImplementedError, match=f"{name} of neon 1.x does not exist any more: "):
        getattr(neonlike.data, name)(channel_count=3)
