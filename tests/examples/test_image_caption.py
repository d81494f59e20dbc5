"""The scenes of the caption example, and its file."""

from __future__ import annotations

import gzip
import importlib
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neonlike.data.imagecaption import ImageCaption, ImageCaptionTest
from neonlike.serialization._standins import RefusedPickleError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that draws and describes scenes."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "image_caption_data", raising=False)
    return importlib.import_module("image_caption_data")


def test_sentences_say_what_is_drawn(scenes: ModuleType) -> None:
    pictures, sentences = scenes.make_scenes(40, seed=0)
    assert pictures.shape == (40, 32, 32, 3)
    assert {len(five) for five in sentences} == {5}
    for picture, five in zip(pictures, sentences, strict=True):
        seen = {tuple(colour) for colour in picture.reshape(-1, 3)}
        said = {scenes.COLOURS[word] for word in five[4].split() if word in scenes.COLOURS}
        assert said == seen & set(scenes.COLOURS.values())
    again, _ = scenes.make_scenes(40, seed=0)
    np.testing.assert_array_equal(pictures, again)


def test_relations_agree_with_places(scenes: ModuleType) -> None:
    rng = np.random.default_rng(0)
    left, right, below = (scenes.Figure(rng, place) for place in (0, 2, 6))
    assert scenes.relation(left, right) == "to the left of"
    assert scenes.relation(right, left) == "to the right of"
    assert scenes.relation(below, left) == "below"
    assert scenes.relation(left, below) == "above"


def test_the_file_has_the_layout_of_flickr8k(
    scenes: ModuleType, make_be: Callable[..., Any], tmp_path: Path
) -> None:
    make_be(batch_size=16, rng_seed=0)
    scenes.write(tmp_path, train=48, test=16)
    train, test = ImageCaption(str(tmp_path)), ImageCaptionTest(str(tmp_path))
    assert train.features.shape == (4096, 64)
    assert train.ndata == 5 * 48
    assert test.ndata == 16
    assert test.ref_sents[0] == scenes.make_scenes(64, seed=0)[1][48]
    assert len(list((tmp_path / "images").glob("*.png"))) == 16


class Call:
    """Pickles as the call of a function."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def test_a_hostile_file_is_refused(make_be: Callable[..., Any], tmp_path: Path) -> None:
    make_be(batch_size=2)
    mark = tmp_path / "mark"
    content = {"sents": {"train": [], "test": []}, "feats": Call(os.mkdir, str(mark))}
    with gzip.open(tmp_path / "features.pkl.gz", "wb") as file:
        pickle.dump(content, file)
    with pytest.raises(RefusedPickleError):
        ImageCaption(str(tmp_path))
    assert not mark.exists()
