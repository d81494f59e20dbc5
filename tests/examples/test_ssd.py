"""The single shot detector: its layers, its cost, its detections, and its scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "examples"))
sys.path.append(str(Path(__file__).parents[2] / "examples" / "ssd"))

from detection.batches import DetectionIterator, as_input, objects_of
from detection.boxes import iou
from detection.objects import DetectionPictures, Objects
from detection.pretrained import MEANS, load_trunk
from detection.shapes import NAMES, make_shapes
from multibox import DetectionOutput, MBoxLoss, hard_negatives, match
from ssd_layers import SSD, Normalize, head
from ssd_network import prior_sizes, small, vgg16

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, BranchNode, Conv, GeneralizedCost
from neonlike.layers.container import DeltasTree
from neonlike.models import Model
from neonlike.transforms import Rectlin

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = [[[4, 4], [6, 3]], [[8, 8]]]


def tiny() -> Any:
    """Two maps of pictures (3, 8, 8): 4 x 4 with two priors and 2 x 2 with one."""
    init = Gaussian(scale=0.3)
    stages = [
        [Conv((3, 3, 4), strides=2, padding=1, init=init), Normalize(init=Constant(2.0))],
        [Conv((3, 3, 5), strides=2, padding=1, init=init, activation=Rectlin())],
    ]
    return SSD.of_stages(stages, SIZES, nclass=3)


def targets(be: Any, objects: list[Objects]) -> Any:
    """The objects as a minibatch of the iterator has them."""
    data = DetectionPictures(np.zeros((be.bsz, 3, 8, 8), np.uint8), objects, NAMES)
    return next(iter(DetectionIterator(data)))[1]


OBJECTS = [
    Objects.of([[0, 0, 4, 4], [3, 2, 8, 8]], [1, 2], [False, True]),
    Objects.of([[1, 1, 7, 5]], [2]),
]


@pytest.fixture
def be64() -> Iterator[Any]:
    """A float64 backend: what is checked here does not depend on the kernels."""
    yield gen_backend("reference", rng_seed=0, datatype=np.float64, batch_size=2)
    cleanup_backend()


def numeric_gradient(function: Any, array: Any, eps: float = 1e-6) -> Any:
    """Central differences of a number by each element of ``array``, changed in place."""
    gradient = np.empty_like(array)
    for place in np.ndindex(array.shape):
        value = array[place]
        ends = []
        for step in (-eps, eps):
            array[place] = value + step
            ends.append(function())
        array[place] = value
        gradient[place] = (ends[1] - ends[0]) / (2 * eps)
    return gradient


def test_normalize_gives_directions_of_one_length(be: Any) -> None:
    layer = Normalize(init=Constant(3.0))
    layer.configure((5, 2, 2))
    layer.allocate()
    x = be.array(np.random.default_rng(0).normal(size=(20, 4)))
    y = layer.fprop(x).get().reshape(5, -1)
    np.testing.assert_allclose(np.linalg.norm(y, axis=0), 3, rtol=1e-5)


def test_gradient_of_normalize(be64: Any) -> None:
    layer = Normalize(init=Gaussian(scale=1))
    layer.configure((3, 2, 2))
    layer.prev_layer = True
    layer.allocate()
    deltas = DeltasTree()
    layer.allocate_deltas(deltas)
    deltas.allocate_buffers()
    layer.set_deltas(deltas)
    rng = np.random.default_rng(1)
    x, error = (be64.array(rng.normal(size=(12, 2))) for _ in range(2))

    def value() -> float:
        return float((layer.fprop(x).get() * error.get()).sum())

    wanted = numeric_gradient(value, x.asnumpyarray())
    value()
    np.testing.assert_allclose(layer.bprop(error).get(), wanted, atol=1e-7)
    np.testing.assert_allclose(layer.bprop(error, 2.0, 1.0).get(), 3 * wanted, atol=1e-7)
    by_scale = numeric_gradient(value, layer.W.asnumpyarray())
    np.testing.assert_allclose(layer.dW.get(), by_scale, atol=1e-7)


def test_columns_of_the_outputs_belong_to_the_priors(make_be: Any) -> None:
    be = make_be(batch_size=2)
    model = Model(tiny())
    model.initialize((3, 8, 8))
    network = model.layers
    assert network.out_shape == (7, 2 * 16 + 4)
    assert network.priors.shape == (36, 4)
    np.testing.assert_allclose(network.priors[5], [1, 1, 5, 5])  # row 1, column 1 of 4 x 4 cells
    np.testing.assert_allclose(network.priors[16], [-2, -0.5, 4, 2.5])
    np.testing.assert_allclose(network.priors[35], [2, 2, 10, 10])
    x = be.array(np.random.default_rng(0).normal(size=(192, 2)))
    outputs = model.fprop(x).get().reshape(7, 36, 2)
    fine, coarse = (branch.layers[-1].outputs.get() for branch in network.heads)
    np.testing.assert_array_equal(outputs[:, 16:32], fine.reshape(7, 2, 16, 2)[:, 1])
    np.testing.assert_array_equal(outputs[:, 32:], coarse.reshape(7, 4, 2))


def test_gradient_of_the_whole_network_and_its_cost(be64: Any) -> None:
    model = Model(tiny())
    model.initialize((3, 8, 8))
    model.initialize((3, 8, 8), GeneralizedCost(MBoxLoss(model.layers.priors, nclass=3)))
    x = be64.array(np.random.default_rng(2).normal(size=(192, 2)))
    t = targets(be64, OBJECTS)

    def value() -> float:
        return 2 * float(model.cost.get_cost(model.fprop(x), t))  # times the batch size

    value()
    model.bprop(model.cost.get_errors(model.fprop(x), t))
    for layer in model.layers_to_optimize:
        params = layer.get_params()
        for (weights, gradient), _ in params if isinstance(params, list) else [params]:
            got = gradient.get()
            array = weights.asnumpyarray().reshape(-1)
            some = array[:: max(1, len(array) // 12)]
            wanted = numeric_gradient(value, some)
            np.testing.assert_allclose(
                got.reshape(-1)[:: max(1, len(array) // 12)], wanted, atol=1e-6
            )


def test_gradient_of_the_cost(be64: Any) -> None:
    network = tiny()
    network.configure((3, 8, 8))
    loss = MBoxLoss(network.priors, nclass=3)
    y = be64.array(np.random.default_rng(3).normal(size=(7, 36 * 2)))
    t = targets(be64, OBJECTS)

    def value() -> float:
        return 2 * float(loss(y, t).get().mean())

    wanted = numeric_gradient(value, y.asnumpyarray())
    np.testing.assert_allclose(loss.bprop(y, t).get(), wanted, atol=1e-6)


def test_matching_by_hand() -> None:
    priors = np.array([[0, 0, 10, 10], [0, 0, 10, 6], [20, 20, 30, 30], [50, 50, 60, 60]], float)
    boxes = np.array([[0, 0, 10, 10], [24, 24, 34, 34]], float)  # overlaps 1, 0.6; 36 / 164
    assert match(priors, boxes).tolist() == [0, 0, 1, -1]
    assert match(priors, boxes, 0.7).tolist() == [0, -1, 1, -1]
    assert match(priors, boxes[:0]).tolist() == [-1] * 4


def test_every_box_gets_a_prior_of_its_own() -> None:
    priors = np.array([[0, 0, 10, 10], [40, 0, 50, 10]], float)
    boxes = np.array([[0, 0, 10, 9], [0, 0, 10, 10]], float)  # the second takes the better prior
    assert match(priors, boxes).tolist() == [1, 0]


def test_the_hardest_negatives_count_three_for_one() -> None:
    loss = np.array([[5, 1], [9, 1], [3, 1], [8, 1], [1, 1], [7, 1]], float)
    positive = np.zeros((6, 2), bool)
    positive[1, 0] = True
    chosen = hard_negatives(loss, positive)
    assert np.flatnonzero(chosen[:, 0]).tolist() == [0, 3, 5]
    assert not chosen[:, 1].any()


def test_cost_by_hand(make_be: Any) -> None:
    be = make_be(batch_size=1)
    priors = np.array([[0, 0, 4, 4], [4, 4, 8, 8]], np.float32)
    y = np.zeros((6, 2))
    y[:4, 0] = [0.5, -3, 0, 0]  # offsets of the prior that fits exactly: 0.125 and 2.5
    loss = MBoxLoss(priors, nclass=2)
    t = targets(be, [Objects.of([[0, 0, 4, 4]], [1])])
    cost = loss(be.array(y), t).get()
    np.testing.assert_allclose(cost.mean(), 0.125 + 2.5 + 2 * np.log(2), rtol=1e-6)
    error = loss.bprop(be.array(y), t).get()
    np.testing.assert_allclose(error[:, 0], [0.5, -1, 0, 0, 0.5, -0.5], rtol=1e-6)
    np.testing.assert_allclose(error[:, 1], [0, 0, 0, 0, -0.5, 0.5], rtol=1e-6)
    empty = targets(be, [Objects.of([], [])])
    assert loss(be.array(y), empty).get().mean() == 0


def test_perfect_outputs_cost_nothing_and_are_found(make_be: Any) -> None:
    be = make_be(batch_size=2)
    network = tiny()
    network.configure((3, 8, 8))
    loss = MBoxLoss(network.priors, nclass=3)
    offsets, kinds = loss.targets(OBJECTS)
    scores = 30 * (np.arange(3)[:, None, None] == kinds)
    y = be.array(np.concatenate([offsets, scores]).reshape(7, -1))
    assert loss(y, targets(be, OBJECTS)).get().mean() == pytest.approx(0, abs=1e-6)
    for found, truth in zip(DetectionOutput(be, network)(y), OBJECTS, strict=True):
        assert sorted(found.classes.tolist()) == sorted(truth.classes.tolist())
        for box, kind in zip(found.boxes, found.classes, strict=True):
            np.testing.assert_allclose(box, truth.boxes[truth.classes == kind][0], atol=1e-4)


def test_detections_are_few_and_good(make_be: Any) -> None:
    be = make_be(batch_size=2)
    network = tiny()
    network.configure((3, 8, 8))
    y = be.array(np.random.default_rng(0).normal(size=(7, 72)))
    found = DetectionOutput(be, network, overlap=0.3, keep=5, threshold=0.2)(y)
    for picture in found:
        assert 0 < len(picture) <= 5
        assert picture.scores.min() > 0.2
        assert (np.diff(picture.scores) <= 0).all()
        for kind in (1, 2):
            own = picture.boxes[picture.classes == kind]
            assert (iou(own, own) - np.eye(len(own))).max(initial=0) <= 0.3 + 1e-6


def test_minibatches_mirror_pictures_with_their_boxes(make_be: Any) -> None:
    be = make_be(batch_size=4)
    data = make_shapes(6, seed=0, size=16)
    plain = DetectionIterator(data)
    assert (plain.ndata, plain.nbatches, plain.shape) == (6, 2, (3, 16, 16))
    batches = [(x.get().copy(), objects_of(t, be.bsz)) for x, t in plain]
    for index, truth in enumerate([*data.objects, *data.objects[:2]]):  # filled from the start
        found = batches[index // 4][1][index % 4]
        np.testing.assert_array_equal(found.boxes, truth.boxes)
        np.testing.assert_array_equal(found.classes, truth.classes)
    picture = batches[0][0][:, 1].reshape(3, 16, 16)
    np.testing.assert_allclose(255 * (picture + 0.5), data.pictures[1], atol=1e-4)
    mirrored = 0
    for x, t in DetectionIterator(data, seed=1):
        for place, truth in enumerate(objects_of(t, be.bsz)):
            picture = np.rint(255 * (x.get()[:, place].reshape(3, 16, 16) + 0.5))
            for index, known in enumerate(data.pictures):
                if (picture == known[:, :, ::-1]).all():
                    mirrored += 1
                    own = data.objects[index].boxes
                    np.testing.assert_allclose(truth.boxes[:, 0], 16 - own[:, 2])
                    np.testing.assert_allclose(truth.boxes[:, 2], 16 - own[:, 0])
    assert mirrored


def test_the_order_of_the_pictures_continues(be: Any) -> None:
    sets = [DetectionIterator(make_shapes(8, 0, 16), seed=3) for _ in range(2)]
    list(sets[0])
    sets[1].load_train_state(sets[0].train_state())
    (first, _), (again, _) = (next(iter(each)) for each in sets)
    np.testing.assert_array_equal(first.get(), again.get())


def test_prior_boxes() -> None:
    np.testing.assert_allclose(prior_sizes((8, 18), (1, 4)), [[8, 8], [12, 12], [16, 4]])


def test_networks_have_the_maps_of_the_paper(make_be: Any) -> None:
    make_be(compat_mode="caffe", batch_size=1)
    large = vgg16(21)
    large.configure((3, 300, 300))
    assert [branch.out_shape[1:] for branch in large.heads] == [
        (side, side) for side in (38, 19, 10, 5, 3, 1)
    ]
    assert large.priors.shape == (8732, 4)
    shapes = small(5)
    shapes.configure((3, 64, 64))
    assert [branch.out_shape[1] for branch in shapes.heads] == [16, 8, 4, 2]


def test_a_saved_network_starts_the_trunk(make_be: Any, tmp_path: Path) -> None:
    be = make_be(batch_size=2)
    options = {"init": Gaussian(scale=0.1), "bias": Gaussian(scale=0.1), "activation": Rectlin()}
    known = Model([Conv((3, 3, 4), **options), Conv((3, 3, 5), **options), Affine(2, Gaussian())])
    known.initialize((3, 8, 8))
    known.save_params(str(tmp_path / "known.p"))
    layers = SSD.of_stages([[Conv((3, 3, 4), **options)], [Conv((3, 3, 5), **options)]], SIZES, 3)
    model = Model(layers)
    model.initialize((3, 8, 8))
    load_trunk(layers, tmp_path / "known.p")
    rgb = np.random.default_rng(0).uniform(0, 255, (2, 3, 8, 8))
    model.fprop(be.array(as_input(rgb)))
    known.fprop(be.array((rgb[:, ::-1] - MEANS[:, None, None]).reshape(2, -1).T))
    own = layers.layers[0].layers
    for mine, wanted in zip((own[0], own[3]), known.layers.layers[:4:2], strict=True):
        np.testing.assert_allclose(mine.outputs.get(), wanted.outputs.get(), rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match="has 2 convolutions, expected 1 to 1"):
        load_trunk(SSD([[Conv((3, 3, 7), **options)]], [[[4, 4]]], 3), tmp_path / "known.p")


def test_a_head_must_fit_its_priors(be: Any) -> None:
    node = BranchNode()
    conv = Conv((3, 3, 4), padding=1, init=Gaussian())
    network = SSD([[conv, node, head(1, 3)], [node, head(2, 3)]], [[[4, 4]], [[4, 4]]], nclass=3)
    with pytest.raises(ValueError, match="needs 7 maps, got 14"):
        network.configure((3, 8, 8))


def run(script: str, *words: object, cwd: Path, code: int = 0) -> str:
    """Run a script of the example; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "ssd" / script), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_train_and_detect(tmp_path: Path) -> None:
    plain = "--no_progress_bar"
    shown = run("train.py", "--quick", "-e", 1, "-s", "ssd.prm", plain, cwd=tmp_path)
    assert "mean average precision" in shown
    with Image.open(tmp_path / "results" / "found.png") as sheet:
        assert min(sheet.size) > 500
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.moveaxis(make_shapes(1, 5, 90).pictures[0], 0, -1)).save(photo)
    words = ["--model_file", "ssd.prm", photo, "--score", "0.01", plain]
    shown = run("detect.py", *words, cwd=tmp_path)
    assert f"{photo}: " in shown
    with Image.open(tmp_path / "found" / "photo.png") as drawn:
        assert drawn.size == (540, 540)
    assert "--model_file" in run("detect.py", photo, cwd=tmp_path, code=2)


def test_train_on_a_folder_laid_out_as_voc(tmp_path: Path) -> None:
    data = make_shapes(20, seed=4, size=80)
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (tmp_path / "voc" / part).mkdir(parents=True)
    for index, objects in enumerate(data.objects):
        name = tmp_path / "voc" / "{}" / f"{index:06}"
        picture = np.moveaxis(data.pictures[index], 0, -1)
        Image.fromarray(picture).save(f"{name}.jpg".format("JPEGImages"))
        lines = [
            f"<object><name>{NAMES[kind]}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
            f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
            for kind, (x0, y0, x1, y1) in zip(objects.classes, objects.boxes, strict=True)
        ]
        text = f"<a><size><width>80</width><height>80</height></size>{''.join(lines)}</a>"
        Path(f"{name}.xml".format("Annotations")).write_text(text)
    for part, chosen in (("train", range(16)), ("val", range(16, 20))):
        names = "\n".join(f"{index:06}" for index in chosen)
        (tmp_path / "voc/ImageSets/Main" / f"{part}.txt").write_text(names)
    words = ["--voc", "voc", "--parts", "train", "val", "--zoom", "-e", 1, "-z", 4]
    shown = run("train.py", *words, "--no_progress_bar", cwd=tmp_path)
    assert "triangle" in shown
    assert "voc/ImageSets/Main/trainval.txt" in run(
        "train.py", "--voc", "voc", cwd=tmp_path, code=1
    )
