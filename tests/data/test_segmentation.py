"""CamVid, Oxford Flowers and Weizmann Horses, from tiny folders of their layouts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neonlike.data.segmentation import (
    CAMVID_VOID,
    FLOWERS_VOID,
    LabelledPictures,
    SegmentationIterator,
    load_camvid,
    load_flowers,
    load_weizmann,
)
from neonlike.transforms import PixelAccuracy, PixelwiseCrossEntropy

RNG = np.random.RandomState(0)
SIZE = (6, 8)


def save(file: Path, pixels: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(file)


def photo(size: tuple[int, int] = SIZE) -> Any:
    return RNG.randint(0, 256, (*size, 3))


@pytest.fixture
def camvid(tmp_path: Path) -> Path:
    for number in range(3):
        save(tmp_path / "train" / f"street{number}.png", photo())
        labels = RNG.randint(0, CAMVID_VOID + 1, SIZE)
        labels[0, :2] = number, CAMVID_VOID
        save(tmp_path / "trainannot" / f"street{number}.png", labels)
    return tmp_path


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    for number in (1, 2, 1269, 1270):
        save(tmp_path / "jpg" / f"image_{number:04d}.jpg", photo((5 + number % 4, 9)))
    for number in (2, 1269, 1270):  # number 1 has no mask
        mask = np.zeros((5 + number % 4, 9, 3))
        mask[:, :4], mask[:, 6:] = (0, 0, 128), (128, 0, 0)
        save(tmp_path / "trimaps" / f"image_{number:04d}.png", mask)
    return tmp_path


@pytest.fixture
def horses(tmp_path: Path) -> Path:
    for number in range(2):
        save(tmp_path / "rgb" / f"horse{number:03d}.jpg", photo((16, 16 + number)))
        mask = np.zeros((16, 16 + number))
        mask[8:] = 255
        save(tmp_path / "figure_ground" / f"horse{number:03d}.jpg", mask)
    return tmp_path


def test_camvid_in_its_own_size(camvid: Path) -> None:
    data = load_camvid(camvid)
    assert data.names == ("street0", "street1", "street2")
    assert data.pictures.shape == (3, 3, *SIZE)
    first = np.asarray(Image.open(camvid / "train" / "street0.png"))
    np.testing.assert_array_equal(data.pictures[0], first.transpose(2, 0, 1))
    assert data.labels[:, 0, :2].tolist() == [[n, CAMVID_VOID] for n in range(3)]


def test_camvid_masks_with_a_palette(camvid: Path) -> None:
    before = load_camvid(camvid).labels
    for file in (camvid / "trainannot").iterdir():
        with Image.open(file) as grey:
            image = Image.frombytes("P", grey.size, grey.tobytes())
        image.putpalette(RNG.bytes(3 * 256))
        image.save(file)
    np.testing.assert_array_equal(load_camvid(camvid).labels, before)


def test_resized_masks_have_the_same_classes(camvid: Path) -> None:
    save(camvid / "trainannot" / "street1.png", np.repeat([[3], [11]], 3, axis=0) * np.ones(8))
    data = load_camvid(camvid, size=(4, 4))
    assert data.labels[1].tolist() == [[3] * 4] * 2 + [[11] * 4] * 2


def test_flowers_with_a_valid_mask(flowers: Path) -> None:
    data = load_flowers(flowers, size=(4, 9))
    assert data.names == ("image_0002",)
    assert data.labels[0].tolist() == [[0] * 4 + [FLOWERS_VOID] * 2 + [1] * 3] * 4
    assert len(load_flowers(flowers, size=(4, 9), skip=())) == 3


def test_weizmann(horses: Path) -> None:
    data = load_weizmann(horses, size=(16, 16))
    assert data.names == ("horse000", "horse001")
    assert (data.labels[:, :8] == 0).all()
    assert (data.labels[:, 8:] == 1).all()


def test_minibatches_feed_the_cost(make_be: Callable[..., Any], camvid: Path) -> None:
    be = make_be(batch_size=2)
    data = load_camvid(camvid)
    batches = SegmentationIterator(data, nclass=CAMVID_VOID)
    ((x, t),) = list(batches)
    assert (batches.nbatches, batches.ndata, batches.shape) == (1, 2, (3, *SIZE))
    np.testing.assert_allclose(x.get().T.reshape(2, 3, *SIZE), data.pictures[:2] / 255, rtol=1e-6)
    ((centred, _),) = list(SegmentationIterator(data, nclass=CAMVID_VOID, mean=0.5))
    np.testing.assert_allclose(centred.get(), x.get() - 0.5, atol=1e-7)
    maps = t.get().T.reshape(2, CAMVID_VOID, *SIZE)
    counted = data.labels[:2] != CAMVID_VOID
    np.testing.assert_array_equal(maps.sum(axis=1), counted)
    np.testing.assert_array_equal(maps.argmax(axis=1)[counted], data.labels[:2][counted])
    assert PixelAccuracy(CAMVID_VOID)(t, t) == 1
    even = be.array(np.full(t.shape, 1 / CAMVID_VOID))
    cost = be.empty((1, 2))
    cost[:] = PixelwiseCrossEntropy(nclass=CAMVID_VOID)(even, t)
    expected = counted.sum(axis=(1, 2)) * np.log(CAMVID_VOID)
    np.testing.assert_allclose(cost.get()[0], expected, rtol=1e-5)


def test_orders_go_on_after_a_restart(be: Any) -> None:
    count = 3 * be.bsz
    pictures = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 3, 1, 1)
    )
    data = LabelledPictures(pictures, pictures[:, 0], tuple(map(str, range(count))))

    def order(batches: SegmentationIterator) -> Any:
        return np.concatenate([np.rint(x.get()[0] * 255) for x, _ in batches]).astype(int).tolist()

    first, second = (SegmentationIterator(data, 2, seed=1) for _ in range(2))
    one = order(first)
    assert sorted(one) == list(range(count))
    state = first.train_state()
    two = order(first)
    assert two != one
    second.load_train_state(state)
    assert order(second) == two


def test_mistakes_are_explained(be: Any, camvid: Path, flowers: Path, horses: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*val"):
        load_camvid(camvid, part="val")
    with pytest.raises(ValueError, match="give the size to resize"):
        load_weizmann(horses, size=None)
    with pytest.raises(ValueError, match="the right colours"):
        load_flowers(flowers, size=(4, 9), colours={(1, 2, 3): 1})
    with pytest.raises(ValueError, match="less than one minibatch"):
        SegmentationIterator(load_camvid(camvid)[:0], 11)
    save(camvid / "trainannot" / "street0.png", np.full(SIZE, 12))
    with pytest.raises(ValueError, match="classes 0 to 11"):
        load_camvid(camvid)
    (camvid / "trainannot" / "street0.png").unlink()
    with pytest.raises(FileNotFoundError, match="street0"):
        load_camvid(camvid)
    (horses / "rgb" / "horse000.jpg").write_bytes(b"no picture")
    with pytest.raises(OSError, match="cannot read the image .*horse000"):
        load_weizmann(horses, size=(8, 8))
