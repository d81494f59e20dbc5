"""The synthetic generator: shapes, statistics, repeatability."""

from __future__ import annotations

import numpy as np
import pytest
from faces import CLASS_SHIFT, LATENTS, bayes_error, synthetic_faces


def test_shapes_types_and_range() -> None:
    images, labels, latents = synthetic_faces(12, size=24, seed=3)
    assert images.shape == (12, 3, 24, 24)
    assert images.dtype == np.uint8
    assert set(labels) <= {0, 1}
    assert latents.shape == (12, len(LATENTS)) == (12, 9)
    assert images.min() < 60
    assert images.max() > 200


def test_a_seed_repeats_everything_and_another_changes_it() -> None:
    first, second, other = (synthetic_faces(5, 16, seed) for seed in (7, 7, 8))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])


def test_the_random_stream_does_not_depend_on_global_state() -> None:
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    synthetic_faces(2, 16, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("difficulty", [1.0, 0.5])
def test_the_latents_separate_the_classes_as_stated(difficulty: float) -> None:
    _, labels, latents = synthetic_faces(2000, size=8, seed=0, difficulty=difficulty)
    assert abs(labels.mean() - 0.5) < 0.04
    means = [latents[labels == label].mean(axis=0) for label in (0, 1)]
    np.testing.assert_allclose(means[1] - means[0], CLASS_SHIFT / difficulty, atol=0.16)
    np.testing.assert_allclose(latents[labels == 1].std(axis=0), 1, atol=0.1)
    error = np.mean((latents @ CLASS_SHIFT > 0) != labels)
    assert error == pytest.approx(bayes_error(difficulty), abs=0.015)


def test_bayes_error_at_difficulty_one_is_five_percent() -> None:
    assert np.linalg.norm(CLASS_SHIFT) == pytest.approx(3.25, abs=0.01)
    assert bayes_error(1.0) == pytest.approx(0.052, abs=0.001)


def test_the_first_latent_is_visible_as_hair_beside_the_neck() -> None:
    images, _, latents = synthetic_faces(300, size=24, seed=1)
    beside_neck = images[:, :, 14:18, 6].mean(axis=2).std(axis=1)  # colour, not brightness alone
    long_hair = latents[:, 0] > np.quantile(latents[:, 0], 0.8)
    short_hair = latents[:, 0] < np.quantile(latents[:, 0], 0.2)
    assert beside_neck[long_hair].mean() != pytest.approx(beside_neck[short_hair].mean(), rel=0.05)


@pytest.mark.parametrize("wrong", [{"n": -1}, {"n": 1, "size": 4}, {"n": 1, "difficulty": 0}])
def test_impossible_requests_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected n >= 0, size >= 8 and difficulty > 0"):
        synthetic_faces(**wrong)
