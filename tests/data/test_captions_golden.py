"""Image captions against data.h5."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_helpers import attribute, check_epochs, plain_shape
from golden_cases import case_info, golden_file

from neonlike.data import imagecaption
from neonlike.util.persist import save_obj

TRAIN = "seeded/imagecaption_train"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    info = case_info("data", TRAIN)
    monkeypatch.setattr(imagecaption.ImageCaption, "image_size", info["image_size"])
    content = {"sents": info["sents"], "feats": golden_file("data")[TRAIN]["in/feats"][()]}
    save_obj(content, tmp_path / info["file"])
    return str(tmp_path)


def test_train(make_be: Callable[..., Any], folder: str) -> None:
    info, group = case_info("data", TRAIN), golden_file("data")[TRAIN]
    make_be(batch_size=info["batch_size"], rng_seed=info["rng_seed"])
    data = imagecaption.ImageCaption(folder)
    for key in ("X", "y", "images", "sent_length", "bias_init"):
        np.testing.assert_allclose(getattr(data, key), group[key], rtol=1e-6, atol=1e-6)
    for key in ("ndata", "max_sentence_length", "vocab_to_index"):
        assert getattr(data, key) == attribute(group, key)
    assert plain_shape(data.shape) == attribute(group, "shape")
    check_epochs(data, group, info)
    assert data.prob_to_word(group["prob"][()]) == attribute(group, "prob_to_word")


def test_test(make_be: Callable[..., Any], folder: str) -> None:
    info, group = case_info("data", "imagecaption_test"), golden_file("data")["imagecaption_test"]
    make_be(batch_size=info["batch_size"])
    data = imagecaption.ImageCaptionTest(folder)
    ((image, _), (references, mask)), *others = data
    np.testing.assert_array_equal(image.get(), group["image"])
    assert references == attribute(group, "references")
    assert mask is None
    assert not others
    assert data.ndata == attribute(group, "ndata")


class OneWordModel:
    """Gives word ``t`` of each step from a table; the image column is step 0."""

    def __init__(self, be: Any, words: list[int], vocab: int) -> None:
        self.be, self.words, self.vocab = be, words, vocab

    def fprop(self, x: Any, inference: bool) -> Any:
        prob = np.zeros((self.vocab, len(self.words), self.be.bsz))
        for step, word in enumerate(self.words):
            prob[word, step] = 1
        return self.be.array(prob.reshape(self.vocab, -1))


def test_predict_takes_the_most_probable_words(make_be: Callable[..., Any], folder: str) -> None:
    be = make_be(batch_size=2)
    data = imagecaption.ImageCaptionTest(folder)
    words = [3, 1, 2, 0, 1, 1, 1, 1]
    sentences, targets = data.predict(OneWordModel(be, words, data.vocab_size))
    assert sentences == ["runs a dog ."] * 2
    assert targets == data.ref_sents[:2]
    assert data.bleu_score(["runs a"], [["runs a"]]) >= 0
