"""Faster R-CNN: its targets, its proposals, its gradients, and its scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "examples"))
sys.path.append(str(Path(__file__).parents[2] / "examples" / "faster_rcnn"))

from detection.boxes import anchor_sizes, encode, iou
from detection.objects import DetectionPictures, Objects
from detection.pretrained import load_trunk
from detection.shapes import NAMES, make_shapes
from proposals import PLAIN, ProposalLayer, RegionPooling
from rcnn_data import RegionIterator
from rcnn_network import detector, head, proposal_network, small, vgg16
from regions_found import RegionDetections
from targets import AnchorTargets, RegionTargets, Targets, label_anchors, match, sample

from neonlike.callbacks.callbacks import Callbacks
from neonlike.initializers import Gaussian
from neonlike.layers import BranchNode, Conv, Tree
from neonlike.layers.container import DeltasTree
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, StepSchedule
from neonlike.transforms import Tanh

EXAMPLES = Path(__file__).parents[2] / "examples"
OBJECTS = Objects.of([[1, 1, 9, 9], [6, 4, 15, 15]], [1, 2])
INIT = Gaussian(scale=0.3)


def tiny(regions: int = 6) -> Any:
    """A network for pictures (3, 16, 16): maps of 4 x 4 with two anchors, three classes."""
    sizes = anchor_sizes((6, 10), (1.0,))
    rpn = proposal_network(5, len(sizes), INIT)
    proposals = ProposalLayer(rpn, 4, sizes, regions, least=2, border=8)
    trunk = [Conv((4, 4, 4), strides=4, init=INIT, activation=Tanh())]
    return detector(trunk, rpn, proposals, head(7, 3, INIT), samples=(8, 6), size=(16, 16))


class Rpn:
    """Stands for the Tree of the region proposal network."""

    def __init__(self, be: Any, scores: Any, offsets: Any) -> None:
        scores = np.stack([1 - scores, scores])
        self.outputs = [be.array(part.reshape(-1, 1)) for part in (scores, offsets.T)]


def layer_of(be: Any, scores: Any, offsets: Any, **options: Any) -> ProposalLayer:
    """A configured layer over 2 x 2 places of stride 8 with one anchor of 8 x 8."""
    rpn = Rpn(be, np.asarray(scores), np.asarray(offsets, float))
    layer = ProposalLayer(rpn, 8, [[8, 8]], **{"regions": 4, "least": 2} | options)
    layer.configure((1, 2, 2))
    layer.allocate()
    return layer


@pytest.fixture
def be1(make_be: Any) -> Any:
    return make_be(batch_size=1)


@pytest.fixture
def be64(make_be: Any) -> Any:
    return make_be(datatype=np.float64, batch_size=1)


def test_labels_of_anchors_by_hand() -> None:
    overlaps = np.array([[0.8, 0], [0.5, 0.1], [0.29, 0], [0, 0.4], [0.3, 0.2], [0, 0.4]])
    assert label_anchors(overlaps).tolist() == [1, -1, 0, 1, -1, 1]
    assert label_anchors(np.zeros((3, 0))).tolist() == [0, 0, 0]
    assert label_anchors(np.zeros((2, 1))).tolist() == [0, 0]  # no anchor touches the object


def test_matches_by_hand() -> None:
    overlaps = np.array([[0.5, 0.6], [0.5, 0.1], [0.4, 0.3]])
    assert match(overlaps, 0.5).tolist() == [1, 0, -1]
    assert match(np.zeros((2, 0)), 0.5).tolist() == [-1, -1]


def test_samples_have_few_objects_and_are_filled_with_ground() -> None:
    rng = np.random.RandomState(0)
    own, ground = sample(rng, np.arange(10), np.arange(10, 40), 8, 0.25)
    assert (len(own), len(ground)) == (2, 6)
    assert set(own) <= set(range(10))
    assert len(set(ground) & set(range(10, 40))) == 6
    own, ground = sample(rng, np.arange(1), np.arange(10, 12), 8, 0.25)
    assert (own.tolist(), sorted(ground)) == ([0], [10, 11])


def test_targets_of_anchors_by_hand(be1: Any) -> None:
    layer = layer_of(be1, np.zeros(4), np.zeros((4, 4)))
    targets = AnchorTargets(be1, layer, samples=3)
    targets.show(np.array([[1, 0, 9, 8]], np.float32))  # overlaps 7 / 9 and 1 / 15 with two anchors
    kinds, counted = (tensor.get().reshape(2, 4) for tensor in targets.tensors[0])
    assert kinds[:, 0].tolist() == [0, 1]
    assert kinds[0, 1:].sum() == 2  # two of the other three
    np.testing.assert_array_equal(counted, np.tile(kinds.sum(axis=0), (2, 1)))
    offsets, used = (tensor.get().reshape(4, 4) for tensor in targets.tensors[1])
    np.testing.assert_allclose(offsets[:, 0], [1 / 8, 0, 0, 0], atol=1e-6)
    assert used[:, 0].all()
    assert not used[:, 1:].any()
    targets.show(np.zeros((0, 4), np.float32))
    assert targets.tensors[0][0].get().reshape(2, 4)[0].sum() == 3
    assert not targets.tensors[1][1].get().any()


def test_targets_of_regions_by_hand(be1: Any) -> None:
    targets = RegionTargets(be1, regions=6, nclass=3, samples=4)
    proposals = np.array([[0, 0, 8, 8], [0, 0, 8, 6], [8, 8, 16, 16], [9, 9, 16, 16]], np.float32)
    truth = Objects.of([[0, 0, 8, 8]], [2])
    assert targets.choose(proposals, truth, inference=True) is proposals
    kinds, counted = (tensor.get() for tensor in targets.tensors[0])
    np.testing.assert_array_equal(kinds.argmax(axis=0)[:4], [2, 2, 0, 0])
    np.testing.assert_array_equal(counted, np.tile([1, 1, 1, 1, 0, 0], (3, 1)))
    np.testing.assert_array_equal(kinds.sum(axis=0), counted[0])
    offsets, used = (tensor.get().reshape(3, 4, 6) for tensor in targets.tensors[1])
    wanted = [0, 1 / 6 / 0.1, 0, np.log(8 / 6) / 0.2]
    np.testing.assert_allclose(offsets[2, :, 1], wanted, rtol=1e-5)
    assert used[2, :, :2].all()
    assert used.sum() == offsets[2].size / 6 * 2

    chosen = targets.choose(proposals, truth)  # one object in four, from three with the true box
    assert chosen.shape == (3, 4)
    assert targets.tensors[0][0].get().argmax(axis=0)[:3].tolist() == [2, 0, 0]
    assert targets.choose(proposals, Objects.of([], [])).shape == (4, 4)
    assert not targets.tensors[1][1].get().any()


def test_difficult_objects_are_not_trained(be1: Any) -> None:
    targets = Targets(be1, layer_of(be1, np.zeros(4), np.zeros((4, 4))), nclass=3)
    truth = Objects.of([[0, 0, 8, 8], [8, 8, 16, 16]], [1, 2], [True, False])
    targets.show(truth)
    assert targets.objects is truth
    assert targets.tensors[0][0][0].get().reshape(2, 4)[1].tolist() == [0, 0, 0, 1]
    targets.choose(np.array([[0, 0, 8, 8]], np.float32), inference=True)
    assert targets.tensors[1][0][0].get()[0, 0] == 1


def test_proposals_are_moved_clipped_and_sorted(be1: Any) -> None:
    offsets = np.zeros((4, 4))
    offsets[0] = [-0.25, 0, 0, 0]  # x from 0 .. 8 to -2 .. 6
    offsets[3] = [0, 0, np.log(0.2), 0]  # too narrow
    layer = layer_of(be1, [0.3, 0.9, 0.5, 0.99], offsets)
    wanted = [[8, 0, 16, 8], [0, 8, 8, 16], [0, 0, 6, 8]]
    np.testing.assert_allclose(layer.best(), wanted, atol=1e-6)
    outputs = layer.fprop(None, inference=True).get()
    np.testing.assert_allclose(outputs[:, 0], [0, 8, 0, 8, 0], atol=1e-6)
    assert not outputs[:, 3].any()
    few = layer_of(be1, [0.3, 0.9, 0.5, 0.99], offsets, before=(2, 3), after=(9, 1))
    assert len(few.best()) == 1  # of the best two, one is too narrow
    np.testing.assert_allclose(few.best(inference=True), [[8, 0, 16, 8]], atol=1e-6)


def test_proposals_without_doubles(be1: Any) -> None:
    offsets = encode(np.array([[0.0, 0, 10, 10]] * 2 + [[0, 0, 10, 8]] * 2), anchors(be1), PLAIN)
    for overlap, count in ((0.7, 1), (0.85, 2)):
        layer = layer_of(be1, [0.5, 0.8, 0.7, 0.6], offsets, overlap=overlap)
        assert len(layer.best()) == count
        np.testing.assert_allclose(layer.best()[0], [0, 0, 10, 10], atol=1e-5)


def anchors(be: Any) -> Any:
    return layer_of(be, np.zeros(4), np.zeros((4, 4))).anchors


def test_anchors_within_the_picture_are_trained(be1: Any) -> None:
    layer = layer_of(be1, np.zeros(4), np.zeros((4, 4)))
    assert layer.usable.all()
    assert layer.size == (16, 16)
    wide = ProposalLayer(layer.rpn, 8, [[12, 8]], 4, border=1)
    assert not wide.configure((1, 2, 2)).usable.any()
    wide.border = 2
    assert wide.configure((1, 2, 2)).usable.all()


def test_regions_are_the_places_below_the_boxes(be1: Any) -> None:
    layer = layer_of(be1, [0.9, 0.1, 0.1, 0.8], np.zeros((4, 4)))
    node = BranchNode()
    node.configure((1, 2, 2))
    node.set_deltas(DeltasTree())
    pool = RegionPooling(layer, HW=(1, 1))
    pool.configure(node)
    pool.allocate()
    pool.set_deltas(DeltasTree())
    x = be1.array(np.arange(1.0, 5)[:, None])
    np.testing.assert_array_equal(pool.fprop(x, inference=True).get(), [[1, 4, 2, 3]])
    node.deltas[:] = 1
    error = be1.array(np.array([[1.0, 2, 3, 4]]))
    np.testing.assert_array_equal(pool.bprop(error, 2.0, 1.0).get()[:, 0], [3, 7, 9, 5])
    assert "proposals" not in pool.get_description()["config"]


def trained(network: Any, be: Any) -> tuple[Model, Targets]:
    """A model of the network with its cost, and the targets for ``OBJECTS``."""
    model = Model(network.layers)
    model.initialize((3, *network.size))
    model.initialize((3, *network.size), network.cost())
    targets = Targets(be, network.proposals, 3, *network.samples)
    network.proposals.targets = targets
    targets.show(OBJECTS)
    return model, targets


def parameters(model: Model) -> Any:
    """Yield each parameter as a flat array, and the tensor of its gradient."""
    for layer in model.layers_to_optimize:
        params = layer.get_params()
        for (weights, gradient), _ in params if isinstance(params, list) else [params]:
            yield weights.asnumpyarray().reshape(-1), gradient


def test_gradient_of_the_whole_network(be64: Any) -> None:
    """With the regions held fast: no gradient flows through their boxes."""
    network = tiny()
    model, targets = trained(network, be64)
    rng = np.random.default_rng(0)
    x = be64.array(rng.normal(size=(768, 1)))
    for array, _ in parameters(model):
        array += 0.1 * rng.normal(size=array.shape)  # units without input are not at their kink
    model.fprop(x)
    network.proposals.fprop = lambda inputs, inference: network.proposals.outputs
    assert (targets.tensors[1][0][0].get().argmax(axis=0) > 0).any()

    def outputs() -> Any:
        be64.rng.seed(0)  # the same dropout every time
        return model.fprop(x)

    def value() -> float:
        first, second = model.cost.costs
        y = outputs()
        # the regions' cost is a mean over columns, their errors belong to the sum
        return float(
            first.get_cost(y[0], targets.tensors[0])[0, 0]
            + 6 * second.get_cost(y[1], targets.tensors[1])[0, 0]
        )

    model.bprop(model.cost.get_errors(outputs(), targets.tensors))
    for array, gradient in [(array, g.get().reshape(-1)) for array, g in parameters(model)]:
        for place in range(0, len(array), max(1, len(array) // 10)):
            old, ends = array[place], []
            for step in (1e-6, -1e-6):
                array[place] = old + step
                ends.append(value())
            array[place] = old
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_cost_by_hand(be1: Any) -> None:
    network = tiny()
    model, targets = trained(network, be1)
    x = be1.array(np.random.default_rng(0).normal(size=(768, 1)))
    y = model.fprop(x)
    for part, known in zip(y, targets.tensors, strict=True):
        for output, (target, mask) in zip(part, known, strict=True):
            output[:] = target * mask
    assert float(model.cost.get_cost(y, targets.tensors)[0, 0]) == pytest.approx(0, abs=1e-5)
    y[0][1][:] = y[0][1] + 1  # far: 1 - 1 / 18 for each of four offsets of an anchor with object
    own = float(targets.tensors[0][1][1].get().sum())
    wanted = own * (1 - 1 / 18) / 8
    assert float(model.cost.get_cost(y, targets.tensors)[0, 0]) == pytest.approx(wanted, rel=1e-5)


def test_perfect_outputs_are_found(be1: Any) -> None:
    network = tiny()
    model, targets = trained(network, be1)
    x = be1.array(np.zeros((768, 1)))
    y = model.fprop(x)
    targets.choose(OBJECTS.boxes + 0.5, inference=True)
    network.proposals.boxes = OBJECTS.boxes + 0.5
    y[1][0][:] = targets.tensors[1][0][0]
    y[1][1][:] = targets.tensors[1][1][0]
    found = RegionDetections(be1, network.proposals)(y)
    assert sorted(found.classes.tolist()) == [1, 2]
    for box, kind in zip(found.boxes, found.classes, strict=True):
        np.testing.assert_allclose(box, OBJECTS.boxes[OBJECTS.classes == kind][0], atol=1e-4)
    few = RegionDetections(be1, network.proposals, keep=1)(y)
    assert len(few) == 1


def test_detections_are_not_doubles(be1: Any) -> None:
    network = tiny(regions=30)
    model, _ = trained(network, be1)
    network.proposals.targets = None
    y = model.fprop(be1.array(np.random.default_rng(0).normal(size=(768, 1))), inference=True)
    found = RegionDetections(be1, network.proposals, overlap=0.3, threshold=0.01)(y)
    assert len(found) > 2
    assert (np.diff(found.scores) <= 0).all()
    for kind in (1, 2):
        own = found.boxes[found.classes == kind]
        assert (iou(own, own) - np.eye(len(own))).max(initial=0) <= 0.3 + 1e-6


def test_pictures_come_with_their_targets(make_be: Any) -> None:
    be = make_be(batch_size=1)
    network = tiny()
    _, targets = trained(network, be)
    data = DetectionPictures(
        np.zeros((2, 3, 16, 16), np.uint8), [OBJECTS, Objects.of([], [])], NAMES
    )
    seen = []
    for x, t in RegionIterator(data, targets):
        assert x.shape == (768, 1)
        assert t is targets.tensors
        seen.append((len(targets.objects), t[0][1][1].get().any()))
    assert seen == [(2, True), (0, False)]
    make_be(batch_size=2)
    with pytest.raises(ValueError, match="use -z 1, got 2"):
        RegionIterator(data, targets)


def test_weights_are_saved_and_loaded(be1: Any, tmp_path: Path) -> None:
    x = be1.array(np.random.default_rng(0).normal(size=(768, 1)))
    first, again = (trained(tiny(), be1)[0] for _ in range(2))
    first.save_params(str(tmp_path / "tiny.prm"))
    again.load_params(str(tmp_path / "tiny.prm"))
    pairs = zip(*(sum(m.fprop(x, inference=True), []) for m in (first, again)), strict=True)
    for one, two in pairs:
        np.testing.assert_array_equal(one.get(), two.get())


def test_training_that_was_cut_off_continues_exactly(make_be: Any, tmp_path: Path) -> None:
    data = DetectionPictures(make_shapes(4, 0, 16).pictures, [OBJECTS] * 4, NAMES)
    snapshot = str(tmp_path / "first.prm")

    def weights(epochs: int, **options: Any) -> list[np.ndarray]:
        be = make_be(batch_size=1, rng_seed=0)
        model, targets = trained(tiny(), be)
        optimizer = GradientDescentMomentum(0.01, 0.9, schedule=StepSchedule([1], [0.001]))
        callbacks = Callbacks(model, progress_bar=False, **options)
        model.fit(RegionIterator(data, targets, seed=3), model.cost, optimizer, epochs, callbacks)
        return [array.copy() for array, _ in parameters(model)]

    whole = weights(2)
    weights(1, save_path=snapshot)
    for one, two in zip(whole, weights(2, model_file=snapshot), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_saved_network_starts_the_trunk(be1: Any, tmp_path: Path) -> None:
    options = {"padding": 1, "init": Gaussian(), "bias": Gaussian()}
    known = Model([Conv((3, 3, 64), **options) for _ in range(2)])
    known.initialize((3, 4, 4))
    known.save_params(str(tmp_path / "known.p"))
    layers = vgg16(2).layers
    layers.configure((3, 32, 32))
    for layer in layers.layers[0].layers[:4]:
        layer.allocate()
    load_trunk(layers, tmp_path / "known.p")
    own, wanted = layers.layers[0].layers[2], known.layers.layers[1]
    np.testing.assert_array_equal(own.W.get(), wanted.W.get())


def test_networks(be1: Any) -> None:
    shapes = small(5)
    Model(shapes.layers).initialize((3, 64, 64))
    assert shapes.proposals.anchors.shape == (16 * 16 * 9, 4)
    assert shapes.layers.out_shape == [[(18, 16, 16), (36, 16, 16)], [(5, 64), (20, 64)]]
    large = vgg16(21)
    assert isinstance(large.layers, Tree)
    large.layers.configure((3, 608, 800))
    assert large.layers.out_shape == [[(18, 38, 50), (36, 38, 50)], [(21, 300), (84, 300)]]
    assert large.proposals.size == (608, 800)


def run(script: str, *words: object, cwd: Path, code: int = 0) -> str:
    """Run a script of the example; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "faster_rcnn" / script), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent)},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_train_and_find(tmp_path: Path) -> None:
    plain = ["--no_progress_bar"]
    shown = run("train.py", "--quick", "-s", "rcnn.prm", *plain, cwd=tmp_path)
    assert "mean average precision" in shown
    with Image.open(tmp_path / "results" / "found.png") as sheet:
        assert min(sheet.size) > 500
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.moveaxis(make_shapes(1, 5, 90).pictures[0], 0, -1)).save(photo)
    words = ["--model_file", "rcnn.prm", photo, "--score", "0.01", *plain]
    shown = run("inference.py", *words, cwd=tmp_path)
    assert f"{photo}: " in shown
    with Image.open(tmp_path / "found" / "photo.png") as drawn:
        assert drawn.size == (540, 540)
    assert "--model_file" in run("inference.py", photo, cwd=tmp_path, code=2)
