"""The loader of image files: values, order, chance, refused input, threads."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data.aeon_shim import AeonDataLoader
from neonlike.data.convert_manifest import convert_manifest
from neonlike.data.dataloader_transformers import BGRMeanSubtract, OneHot, TypeCast
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Softmax

N, NDATA, SIZE = 4, 10, 8
PIXELS = np.random.RandomState(0).randint(0, 256, (NDATA, SIZE, SIZE, 3)).astype(np.uint8)
LABELS = np.arange(NDATA) % 3
PLANES = PIXELS[..., ::-1].transpose(0, 3, 1, 2)  # (C, H, W), B G R
ETL = [{"type": "image", "height": SIZE, "width": SIZE}, {"type": "label", "binary": False}]
BUSY = {
    "type": "image",
    "scale": [0.5, 1.0],
    "center": False,
    "flip_enable": True,
    "do_area_scale": True,
    "horizontal_distortion": [0.8, 1.2],
    "lighting": [0.0, 0.1],
    "contrast": [0.8, 1.2],
    "brightness": [0.8, 1.2],
    "saturation": [0.8, 1.2],
    "fixed_aspect_ratio": True,
}


@pytest.fixture(autouse=True)
def backend() -> Any:
    """The loader does not depend on the kernel set."""
    return gen_backend("reference", batch_size=N, rng_seed=0)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    lines = ["# made by the test", "@FILE\tSTRING"]
    (tmp_path / "files").mkdir()
    for index, (pixels, label) in enumerate(zip(PIXELS, LABELS, strict=True)):
        Image.fromarray(pixels).save(tmp_path / "files" / f"{index}.png")
        lines.append(f"files/{index}.png\t{label}")
    path = tmp_path / "train.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def load(manifest: Path) -> Callable[..., Any]:
    def make(adapter: bool = False, augment: dict[str, Any] | None = None, **config: Any) -> Any:
        config = {"manifest_filename": str(manifest), "etl": ETL, **config}
        if augment is not None:
            config["augmentation"] = [{"type": "image", **augment}]
        return AeonDataLoader(config, adapter=adapter)

    return make


def epoch(loader: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, C, H, W) and labels (n,) of one epoch of a loader without adapter."""
    batches = [dict(batch) for batch in loader]
    labels = np.concatenate([batch["label"] for batch in batches])[:, 0]
    return np.concatenate([batch["image"] for batch in batches]), labels


def which(images: np.ndarray) -> list[int]:
    """The indices of unchanged images."""
    return [int(np.flatnonzero((image == PLANES).all(axis=(1, 2, 3)))[0]) for image in images]


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("neonlike-images")]


def test_tensors(load: Callable[..., Any]) -> None:
    data = load(adapter=True)
    assert (data.shape, data.shapes()) == ((3, SIZE, SIZE), [(3, SIZE, SIZE), (1,)])
    assert (data.ndata, data.nbatches) == (NDATA, 3)
    for _ in range(2):  # every epoch begins at the first example, the last batch is completed
        batches = [(x.get(), t.get()) for x, t in data]
        x, t = (np.concatenate(parts, axis=1) for parts in zip(*batches, strict=True))
        order = [*range(NDATA), 0, 1]
        assert (x.dtype, t.dtype, t.shape) == (np.uint8, np.int32, (1, 12))
        np.testing.assert_array_equal(x, PLANES[order].reshape(12, -1).T)
        np.testing.assert_array_equal(t[0], LABELS[order])


def test_chain_trains(load: Callable[..., Any]) -> None:
    data: Any = load(adapter=True, shuffle_enable=True, random_seed=3)
    data = OneHot(data, index=1, nclasses=3)
    data = TypeCast(data, index=0, dtype=np.float32)
    data = BGRMeanSubtract(data, index=0)
    x, t = next(iter(data))
    chosen = which(np.round(x.get().T.reshape(N, 3, SIZE, SIZE) + [[[127]], [[119]], [[104]]]))
    np.testing.assert_array_equal(t.get().argmax(axis=0), LABELS[chosen])
    model = Model([Affine(3, Gaussian(scale=0.001), activation=Softmax())])
    cost = GeneralizedCost(CrossEntropyMulti())
    optimizer = GradientDescentMomentum(1e-4, 0.9)
    model.fit(data, cost, optimizer, num_epochs=15, callbacks=Callbacks(model, progress_bar=False))
    assert model.total_cost[0, 0] < 0.3
    assert model.get_outputs(data).shape == (NDATA, 3)


def test_shuffling(load: Callable[..., Any]) -> None:
    once = load(shuffle_manifest=True, random_seed=1)
    first, second = (which(epoch(once)[0]) for _ in range(2))
    assert first == second
    assert sorted(first[:NDATA]) == list(range(NDATA)) != first[:NDATA]
    each = load(shuffle_enable=True, random_seed=1)
    first, second = (which(epoch(each)[0]) for _ in range(2))
    assert first != second
    assert sorted(first[:NDATA]) == sorted(second[:NDATA]) == list(range(NDATA))
    assert first[NDATA:] == first[:2]
    assert which(epoch(load(shuffle_enable=True, random_seed=2))[0]) != first


def test_same_seed_same_images_whatever_the_threads(load: Callable[..., Any]) -> None:
    runs = []
    for count in (1, 3):
        data = load(augment=BUSY, shuffle_enable=True, decode_thread_count=count, random_seed=5)
        runs.append([epoch(data) for _ in range(2)])
    np.testing.assert_equal(*runs)
    (first, _), (second, _) = runs[0]
    assert (first != second).any()
    other = load(augment=BUSY, shuffle_enable=True, random_seed=6)
    assert (epoch(other)[0] != first).any()


def test_resumes_at_the_epoch(load: Callable[..., Any]) -> None:
    data, again = (load(adapter=True, augment=BUSY, shuffle_enable=True) for _ in range(2))
    list(data)
    data.reset()
    again.load_train_state(data.train_state())
    for (x, _), (y, _) in zip(data, again, strict=True):
        np.testing.assert_array_equal(x.get(), y.get())


@pytest.mark.parametrize(
    ("augment", "expected"),
    [
        ({"scale": [0.5, 0.5]}, PLANES[0, :, 2:6, 2:6]),
        ({"scale": [0.25, 0.25], "do_area_scale": True}, PLANES[0, :, 2:6, 2:6]),
    ],
)
def test_centred_crop(
    load: Callable[..., Any], augment: dict[str, Any], expected: np.ndarray
) -> None:
    etl = [{"type": "image", "height": 4, "width": 4}, {"type": "label"}]
    images, _ = epoch(load(augment=augment, etl=etl))
    np.testing.assert_array_equal(images[0], expected)


def test_random_crop_is_part_of_the_image(load: Callable[..., Any]) -> None:
    etl = [{"type": "image", "height": 4, "width": 4}, {"type": "label"}]
    images, _ = epoch(load(augment={"scale": [0.5, 0.5], "center": False}, etl=etl))
    places = set()
    for image, whole in zip(images, PLANES, strict=False):
        windows = np.lib.stride_tricks.sliding_window_view(whole, (3, 4, 4))[0]
        ((top, left),) = np.argwhere((windows == image).all(axis=(2, 3, 4)))
        places.add((int(top), int(left)))
    assert len(places) > 3


def test_flip(load: Callable[..., Any]) -> None:
    images, _ = epoch(load(augment={"flip_enable": True}))
    flipped = [bool((i == p[:, :, ::-1]).all()) for i, p in zip(images, PLANES, strict=False)]
    same = [bool((i == p).all()) for i, p in zip(images, PLANES, strict=False)]
    assert any(flipped)
    assert any(same)
    assert all(a != b for a, b in zip(flipped, same, strict=True))


def test_colours(load: Callable[..., Any]) -> None:
    (dark, _), (grey, _), (flat, _), (lit, _) = (
        epoch(load(augment=augment))
        for augment in (
            {"brightness": [0.5, 0.5]},
            {"saturation": [1e-9, 1e-9]},
            {"contrast": [1e-9, 1e-9]},
            {"lighting": [1.0, 0.0]},
        )
    )
    np.testing.assert_allclose(dark[:NDATA], PLANES / 2, atol=1)
    assert (grey == grey[:, :1]).all()
    assert all(image.min() == image.max() for image in flat)
    shift = lit[:NDATA].astype(int) - PLANES  # one colour, the same for every pixel
    inside = (lit[:NDATA] > 0) & (lit[:NDATA] < 255)
    assert all(len(set(shift[:, c][inside[:, c]])) == 1 for c in range(3))


def test_whole_image_and_bars(tmp_path: Path) -> None:
    for index in range(N):
        Image.new("RGB", (8, 4), (10, 20, 30)).save(tmp_path / f"{index}.png")
    config = {"image_folder": tmp_path, "etl": ETL[:1]}
    for keep, black in ((False, 0), (True, 4)):
        config["augmentation"] = [
            {"type": "image", "crop_enable": False, "fixed_aspect_ratio": keep}
        ]
        ((image,),) = (dict(batch).values() for batch in AeonDataLoader(config, adapter=False))
        assert image[0, :, 4, 4].tolist() == [30, 20, 10]
        assert (image[0] == 0).all(axis=(0, 2)).sum() == black


def test_folder_of_classes(tmp_path: Path) -> None:
    for index, name in enumerate(["dog", "cat", "dog", "ant"]):
        (tmp_path / name).mkdir(exist_ok=True)
        Image.fromarray(PIXELS[index]).save(tmp_path / name / f"{index}.png")
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    images, labels = epoch(AeonDataLoader({"image_folder": tmp_path, "etl": ETL}, adapter=False))
    assert labels.tolist() == [0, 1, 2, 2]
    assert which(images) == [3, 1, 0, 2]


def test_grey_images_subset_and_item_order(manifest: Path, load: Callable[..., Any]) -> None:
    text = manifest.read_text(encoding="utf-8").splitlines()[2:]
    swapped = ["@STRING\t@FILE", *("\t".join(reversed(line.split("\t"))) for line in text)]
    manifest.write_text("\n".join(swapped), encoding="utf-8")
    etl = [{"type": "label"}, {**ETL[0], "channels": 1}]
    data = load(etl=etl, subset_fraction=0.6)
    assert (data.ndata, data.nbatches, data.shapes()) == (6, 2, [(1,), (1, SIZE, SIZE)])
    ((label, labels), (image, images)), _ = data
    assert (label, image) == ("label", "image")
    assert labels[:, 0].tolist() == LABELS[:N].tolist()
    expected = np.asarray(Image.fromarray(PIXELS[0]).convert("L"))
    np.testing.assert_array_equal(images[0, 0], expected)


def test_label_files_and_converted_manifest(manifest: Path, load: Callable[..., Any]) -> None:
    old = "files/0.png,2\nfiles/1.png,files/one.txt\nfiles/2.png,0\nfiles/3.png,1\n"
    manifest.write_text(old, encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.tsv does not begin .*convert_manifest"):
        load()
    convert_manifest(manifest)
    with pytest.raises(OSError, match=r"label file .*one\.txt \(.*train\.tsv, line 3\)"):
        load()
    (manifest.parent / "files" / "one.txt").write_text("7\n")
    assert epoch(load())[1].tolist() == [2, 7, 0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("@FILE\tSTRING\nx.png\tcat\n", r"line 2: the label 'cat' is not an integer"),
        ("@FILE\tSTRING\nx.png\t4294967296\n", r"is not an integer"),
        ("@FILE\tSTRING\n\n# c\nx.png\n", r"line 4 has 1 tab-separated fields, the header has 2"),
        ("@FILE\nx.png\n", r"has 1 columns, but config\['etl'\] has 2 entries \(image, label\)"),
        ("@FILE\tTENSOR\n", r"column of type 'TENSOR', allowed are FILE, STRING"),
        ("@FILE\tSTRING\n", r"lists no images"),
        ("", r"lists no images"),
        ("@FILE\tSTRING\nx.png\t1\n", r"batch size 4 is larger .* at most 1"),
    ],
)
def test_bad_manifest(manifest: Path, load: Callable[..., Any], content: str, message: str) -> None:
    manifest.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"subset_fracton": 1}, r"'subset_fracton' in config, did you mean 'subset_fraction'\?"),
        ({"etl": [{**ETL[0], "hight": 3}]}, r"unknown key 'hight' .*allowed: type, height"),
        ({"etl": [{"type": "image", "height": 3}]}, r"etl'\]\[0\] needs the key 'width'"),
        ({"etl": [{**ETL[0], "height": 0}]}, r"height must be an integer >= 1, got 0"),
        ({"etl": [{**ETL[0], "channels": 4}]}, r"channels must be 1 or 3, got 4"),
        ({"etl": [{"type": "label"}]}, r"needs an entry of type 'image'"),
        ({"etl": [ETL[0], ETL[0]]}, r"second entry of type 'image'"),
        ({"etl": [{"type": "sound"}]}, r"type must be 'image' or 'label', got 'sound'"),
        ({"etl": "image,label"}, r"config\['etl'\] must be a list of dicts"),
        ({"etl": None}, r"config\['etl'\] must be a list of dicts"),
        ({"image_folder": "."}, r"either manifest_filename .* got both"),
        ({"manifest_filename": None}, r"either manifest_filename .* got neither"),
        ({"manifest_filename": 3}, r"manifest_filename must be a path, got 3"),
        ({"batch_size": 2.5}, r"batch_size must be an integer >= 1, got 2.5"),
        ({"batch_size": 5, "adapter": True}, r"batch_size is 5, but the backend's batch size is 4"),
        ({"subset_fraction": 1.5}, r"subset_fraction must be above 0"),
        ({"subset_fraction": 0.01}, r"of the 10 images .* leaves none"),
        ({"shuffle_enable": "yes"}, r"shuffle_enable must be True or False"),
        ({"random_seed": -1}, r"random_seed must be an integer >= 0"),
        ({"augmentation": [{}, {}]}, r"takes one entry"),
        ({"augmentation": [{"type": "label"}]}, r"type must be 'image', got 'label'"),
        ({"augment": {"angle": [0, 1]}}, r"unknown key 'angle' in config\['augmentation'\]\[0\]"),
        ({"augment": {"scale": [0.5, 1.5]}}, r"scale must be within 0..1"),
        ({"augment": {"contrast": [2, 1]}}, r"contrast must be \[lo, hi\]"),
        ({"augment": {"brightness": 1}}, r"brightness must be two numbers"),
        ({"augment": {"lighting": [0, -1]}}, r"lighting must be \[mean, standard deviation\]"),
    ],
)
def test_bad_config(load: Callable[..., Any], config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(**config)


def test_config_must_be_a_dict() -> None:
    with pytest.raises(ValueError, match="config must be a dict"):
        AeonDataLoader("train.json")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        *(
            ({"etl": [{"type": t}]}, f"type '{t}' is not")
            for t in ("audio", "video", "localization")
        ),
        ({"etl": [ETL[0], {"type": "label", "binary": True}]}, "binary label files"),
        ({"iteration_mode": "INFINITE"}, "iteration_mode 'INFINITE' is not there"),
    ],
)
def test_what_only_aeon_has(load: Callable[..., Any], config: dict[str, Any], message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        load(**config)


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is not a folder"):
        AeonDataLoader({"image_folder": tmp_path / "none", "etl": ETL})
    with pytest.raises(ValueError, match="has no subfolders, one per class"):
        AeonDataLoader({"image_folder": tmp_path, "etl": ETL})
    with pytest.raises(ValueError, match="lists no images"):
        AeonDataLoader({"image_folder": tmp_path, "etl": ETL[:1]})
    with pytest.raises(OSError, match="none.tsv"):
        AeonDataLoader({"manifest_filename": tmp_path / "none.tsv", "etl": ETL})


@pytest.mark.parametrize("damage", ["missing", "text", "truncated"])
def test_unreadable_image(manifest: Path, load: Callable[..., Any], damage: str) -> None:
    victim = manifest.parent / "files" / "5.png"
    content = victim.read_bytes()
    victim.unlink()
    if damage != "missing":
        victim.write_bytes(b"no image" if damage == "text" else content[: len(content) // 2])
    batches = iter(load())
    next(batches)
    where = re.escape(f"cannot read the image {victim} ({manifest}, line 8)")
    with pytest.raises(OSError, match=where):
        next(batches)
    assert threads() == []


def test_threads_end_with_the_iteration(load: Callable[..., Any]) -> None:
    data = load(decode_thread_count=3)
    list(data)
    assert threads() == []
    batches = iter(data)
    next(batches)
    assert threads() != []
    batches.close()
    assert threads() == []
    batches = iter(data)
    next(batches)
    del batches
    gc.collect()
    assert threads() == []


def test_import_is_light_and_left_iterations_do_not_hang(manifest: Path) -> None:
    code = f"""
import sys, neonlike.data.aeon_shim as shim
assert "PIL" not in sys.modules
from neonlike.backends import gen_backend
gen_backend("reference", batch_size=4)
batches = iter(shim.AeonDataLoader({{"manifest_filename": {str(manifest)!r}, "etl": {ETL!r}}}))
next(batches)
print("end")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_without_pillow(load: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install neonlike\[images\]"):
        load()
