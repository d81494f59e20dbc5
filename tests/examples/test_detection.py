"""The parts that the detection examples share: boxes, mean average precision, shapes, drawing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "examples"))

from detection import boxes, mean_ap, shapes, views, voc
from detection.drawing import draw_objects, save_sheet
from detection.objects import DetectionPictures, Found, Objects


def random_boxes(seed: int, count: int, size: float = 50.0) -> Any:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, size, (count, 2))
    return np.hstack([low, low + rng.uniform(1, size, (count, 2))])


SEEDS = st.integers(0, 10_000)
A_BOX = [[0.0, 0.0, 10.0, 10.0]]


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ([0, 0, 10, 10], 1.0),
        ([5, 0, 15, 10], 50 / 150),
        ([2, 2, 4, 7], 10 / 100),
        ([10, 0, 20, 10], 0.0),  # they touch
        ([30, 30, 20, 20], 0.0),  # ends before it begins
    ],
)
def test_iou_by_hand(other: list[float], wanted: float) -> None:
    assert boxes.iou(A_BOX, np.array([other], float)) == pytest.approx(wanted)


def test_iou_of_empty_boxes_and_of_none() -> None:
    assert boxes.iou(np.zeros((1, 4)), np.zeros((1, 4))) == 0
    assert boxes.iou(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_iou_is_symmetric_within_0_and_1_and_keeps_under_scaling(seed: int) -> None:
    a, b = random_boxes(seed, 6), random_boxes(seed + 1, 5)
    overlaps = boxes.iou(a, b)
    np.testing.assert_allclose(overlaps, boxes.iou(b, a).T)
    assert overlaps.min() >= 0
    assert overlaps.max() <= 1
    factors = np.array([3.0, 0.5, 3.0, 0.5])
    np.testing.assert_allclose(boxes.iou(a * factors, b * factors), overlaps, atol=1e-12)
    np.testing.assert_allclose(np.diag(boxes.iou(a, a)), 1)


def test_encode_by_hand() -> None:
    anchor, box = np.array(A_BOX), np.array([[5.0, 5.0, 25.0, 15.0]])
    wanted = [[1.0, 0.5, np.log(2), 0.0]]
    np.testing.assert_allclose(boxes.encode(box, anchor, (1, 1, 1, 1)), wanted)
    np.testing.assert_allclose(boxes.encode(box, anchor), np.array(wanted) / [0.1, 0.1, 0.2, 0.2])


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_decode_undoes_encode(seed: int) -> None:
    real, anchors = random_boxes(seed, 8), random_boxes(seed + 1, 8)
    np.testing.assert_allclose(boxes.decode(boxes.encode(real, anchors), anchors), real)
    np.testing.assert_allclose(boxes.decode(np.zeros((8, 4)), anchors), anchors)


def test_clip_keeps_what_is_in_the_picture() -> None:
    cut = boxes.clip(np.array([[-5.0, 2.0, 12.0, 30.0], [1.0, 1.0, 2.0, 2.0]]), 10, 20)
    np.testing.assert_array_equal(cut, [[0, 2, 10, 20], [1, 1, 2, 2]])


def test_anchors_lie_around_the_cells() -> None:
    sizes = boxes.anchor_sizes([8, 16], [1.0, 4.0])
    np.testing.assert_allclose(sizes, [[8, 8], [4, 16], [16, 16], [8, 32]])
    grid = boxes.anchor_grid(2, 3, (10, 4), sizes)
    assert grid.shape == (2, 3, 4, 4)
    assert grid.dtype == np.float32
    np.testing.assert_allclose(grid[1, 2, 1], [10 - 2, 15 - 8, 10 + 2, 15 + 8])


def test_nms_by_hand(be: Any) -> None:
    rows = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 5]], float)
    scores = np.array([0.5, 0.9, 0.3, 0.7])  # overlaps: 0-1 9/11, 0-3 1/2, 1-3 45/105
    assert boxes.nms(be, rows, scores, 0.45).tolist() == [1, 3, 2]
    assert boxes.nms(be, rows, scores, 0.4).tolist() == [1, 2]
    assert boxes.nms(be, rows, scores, 0.9).tolist() == [1, 3, 0, 2]
    assert boxes.nms(be, rows, scores, 0.9, limit=2).tolist() == [1, 3]


def test_nms_leaves_boxes_without_score_or_area_out(be: Any) -> None:
    rows = np.array([[0, 0, 1, 1], [5, 5, 6, 6], [7, 7, 7, 9], [8, 8, 9, 9]], float)
    assert boxes.nms(be, rows, np.array([0.0, 0.2, 0.9, 0.4]), 0.5).tolist() == [3, 1]
    assert boxes.nms(be, rows, np.zeros(4), 0.5).size == 0
    assert boxes.nms(be, np.zeros((0, 4)), np.zeros(0), 0.5).size == 0


@pytest.mark.parametrize("seed", range(3))
def test_nms_keeps_what_is_apart_and_drops_only_what_overlaps(be: Any, seed: int) -> None:
    rows, scores = random_boxes(seed, 40), np.random.default_rng(seed).uniform(0.1, 1, 40)
    kept = boxes.nms(be, rows, scores, 0.3)
    assert (np.diff(scores[kept]) <= 0).all()
    overlaps = boxes.iou(rows, rows)
    among = overlaps[np.ix_(kept, kept)] - np.eye(len(kept))
    assert among.max() <= 0.3 + 1e-6
    for gone in set(range(40)) - set(kept.tolist()):
        better = kept[scores[kept] > scores[gone]]
        assert overlaps[gone, better].max() > 0.3 - 1e-6


# ten detections of five objects, right in this order; the hull of the precision is
# 1 at recalls to 0.2, 2/3 to 0.4, 3/5 to 0.6, 4/8 to 0.8, none beyond
RIGHT = np.array([1, 0, 1, 0, 1, 0, 0, 1, 0, 0])


def test_average_precision_by_hand() -> None:
    hits = np.cumsum(RIGHT)
    curve = hits / 5, hits / np.arange(1, 11)
    area = 0.2 * (1 + 2 / 3 + 3 / 5 + 1 / 2)
    assert mean_ap.average_precision(*curve) == pytest.approx(area)
    eleven = (3 * 1 + 2 * 2 / 3 + 2 * 3 / 5 + 2 * 1 / 2) / 11
    assert mean_ap.average_precision(*curve, eleven_point=True) == pytest.approx(eleven)


@pytest.mark.parametrize("eleven_point", [False, True])
def test_average_precision_at_its_ends(eleven_point: bool) -> None:
    assert mean_ap.average_precision([0.5, 1.0], [1.0, 1.0], eleven_point) == pytest.approx(1)
    assert mean_ap.average_precision([0.0, 0.0], [0.0, 0.0], eleven_point) == 0
    assert mean_ap.average_precision([], [], eleven_point) == 0


def test_each_object_is_found_once() -> None:
    truth = Objects.of([A_BOX[0], [50, 50, 60, 60]], [1, 1])
    found = Found.of([[0, 0, 10, 9], A_BOX[0], [20, 20, 30, 30]], [1, 1, 1], [0.6, 0.8, 0.7])
    scores, right, objects = mean_ap.right_and_wrong([found], [truth], 1)
    assert scores.tolist() == [0.8, 0.7, 0.6]
    assert right.tolist() == [True, False, False]
    assert objects == 2
    values = mean_ap.class_precisions([found], [truth], 2)
    assert values.tolist() == [0.5]


def test_difficult_objects_do_not_count() -> None:
    truth = Objects.of([A_BOX[0], [50, 50, 60, 60]], [1, 1], [True, False])
    found = Found.of([A_BOX[0], [0, 0, 9, 10], [50, 50, 60, 60]], [1, 1, 1], [0.9, 0.8, 0.7])
    scores, right, objects = mean_ap.right_and_wrong([found], [truth], 1)
    assert (scores.tolist(), right.tolist(), objects) == ([0.7], [True], 1)


def test_pictures_and_classes_are_kept_apart() -> None:
    truths = [Objects.of(A_BOX, [1]), Objects.of(A_BOX, [2])]
    found = [Found.of(A_BOX, [2], [0.9]), Found.of(A_BOX, [2], [0.8])]
    values = mean_ap.class_precisions(found, truths, 4)
    np.testing.assert_array_equal(values, [0.0, 0.5, np.nan])
    assert mean_ap.mean_average_precision(values) == 0.25
    assert mean_ap.mean_average_precision([np.nan]) == 0
    lines = mean_ap.table(values, ["background", "a", "bee", "c"]).splitlines()
    assert lines[1] == "bee          50.0 %"
    assert lines[-1] == "mean         25.0 %"


def test_a_detection_must_overlap_by_the_threshold() -> None:
    truth, half = [Objects.of(A_BOX, [1])], [Found.of([[0, 0, 10, 5]], [1], [1.0])]
    assert mean_ap.class_precisions(half, truth, 2, threshold=0.5) == 1
    assert mean_ap.class_precisions(half, truth, 2, threshold=0.51) == 0


def test_metric_counts_only_the_pictures_in_range(be: Any) -> None:
    truths = [Objects.of(A_BOX, [1])] * 4
    found = [Found.of(A_BOX, [1], [0.9])] * 3 + [Found.of([], [], [])]
    metric = mean_ap.MeanAP(lambda y, t: (found, truths), nclass=2)
    y = be.empty((2, 5 * 4))  # five columns for each picture
    metric(y, None)
    assert metric.end_eval(0.0) == pytest.approx(0.75)
    metric.start_eval()
    metric([y, y], None, calcrange=slice(0, 15))
    assert metric.end_eval(0.0) == 1
    assert metric.values.tolist() == [1.0]


def test_objects_need_a_class_each() -> None:
    with pytest.raises(ValueError, match="2 boxes, 1 classes"):
        Objects.of([A_BOX[0]] * 2, [1])


def test_shapes_repeat_and_fit_their_boxes() -> None:
    data = shapes.make_shapes(20, seed=3, size=48)
    again = shapes.make_shapes(20, seed=3, size=48)
    np.testing.assert_array_equal(data.pictures, again.pictures)
    assert data.shape == (3, 48, 48)
    assert {kind for o in data.objects for kind in o.classes.tolist()} == {1, 2, 3, 4}
    for objects in data.objects:
        assert 1 <= len(objects) <= 4
        np.testing.assert_array_equal(boxes.clip(objects.boxes, 48, 48), objects.boxes)
        assert (objects.boxes[:, 2:] - objects.boxes[:, :2]).min() > 5
        assert not objects.difficult.any()


@pytest.mark.parametrize(("kind", "area"), [(1, np.pi), (2, 2), (3, 3**1.5 / 4), (4, 1.234)])
def test_outlines_have_the_area_of_their_shape(kind: int, area: float) -> None:
    corners = shapes.outline(kind, (24, 20), 15, 0.3)
    share = shapes.coverage(corners, 48)
    assert share.sum() == pytest.approx(area * 15**2, rel=0.01)
    x = (share.sum(axis=0) * (np.arange(48) + 0.5)).sum() / share.sum()
    y = (share.sum(axis=1) * (np.arange(48) + 0.5)).sum() / share.sum()
    np.testing.assert_allclose([x, y], [24, 20], atol=0.1)


def test_padded_arrays() -> None:
    data = DetectionPictures(
        np.zeros((2, 3, 8, 8), np.uint8),
        [Objects.of([[1, 2, 3, 4], [2, 3, 4, 5]], [3, 1]), Objects.of([], [])],
        shapes.NAMES,
    )
    padded, classes = data.padded()
    assert padded.tolist() == [[[1, 2, 3, 4], [2, 3, 4, 5]], [[0] * 4] * 2]
    assert classes.tolist() == [[3, 1], [0, 0]]


def test_sheets_show_the_boxes(tmp_path: Path) -> None:
    picture = np.zeros((3, 20, 30), np.uint8)
    found = Found.of([[-4, 5, 20, 15], [25, 18, 2, 3]], [1, 3], [0.9, 0.4])
    image = draw_objects(picture, found.above(0.5), shapes.NAMES, scale=3, truth=Objects.of([], []))
    assert image.size == (90, 60)
    pixels = np.asarray(image)
    assert pixels[40, 60].tolist() == [255, 65, 54]  # the right edge
    assert pixels[40, 30].tolist() == [0, 0, 0]
    path = tmp_path / "new" / "sheet.png"
    save_sheet(path, [image] * 3, columns=2)
    with Image.open(path) as sheet:
        assert sheet.size == (184, 124)


def test_labels_lie_apart_and_within_the_picture() -> None:
    box = [30, 5, 39, 35]  # twice, at the right edge: the second hides the outline of the first
    found = Found.of([box, box], [1, 3], [0.9, 0.8])
    pixels = np.asarray(draw_objects(np.zeros((3, 40, 40), np.uint8), found, shapes.NAMES))
    for colour in ([255, 65, 54], [0, 116, 217]):
        rows, columns = np.nonzero(np.all(pixels == colour, axis=2))
        assert len(rows) > 300
        assert columns.min() < 4 * 30  # moved to the left, to be read as a whole


ANNOTATION = """<annotation><size><width>{0}</width><height>{1}</height></size>{2}</annotation>"""
OBJECT = """<object><name>{0}</name><difficult>{1}</difficult><bndbox><xmin>{2}</xmin>
<ymin>{3}</ymin><xmax>{4}</xmax><ymax>{5}</ymax></bndbox></object>"""


@pytest.fixture
def voc_folder(tmp_path: Path) -> Path:
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "ImageSets/Main/train.txt").write_text("000001\n000002\n")
    items = OBJECT.format("dog", 0, 1, 11, 50, 30) + OBJECT.format("cat", 1, 61, 1, 100, 40)
    for name, inside in (("000001", items), ("000002", "")):
        (tmp_path / f"Annotations/{name}.xml").write_text(ANNOTATION.format(100, 40, inside))
        Image.new("RGB", (100, 40), (200, 100, 50)).save(tmp_path / f"JPEGImages/{name}.jpg")
    return tmp_path


def test_voc_pictures_and_boxes_have_one_size(voc_folder: Path) -> None:
    data = voc.VOCPictures(voc_folder, "train", (20, 50))
    assert (len(data), data.shape) == (2, (3, 20, 50))
    first, second = data.objects
    assert first.boxes.tolist() == [[0, 5, 25, 15], [30, 0, 50, 20]]
    assert [data.names[kind] for kind in first.classes] == ["dog", "cat"]
    assert first.difficult.tolist() == [False, True]
    assert len(second) == 0
    picture = data.picture(1)
    assert picture.shape == data.shape
    np.testing.assert_allclose(picture.mean(axis=(1, 2)), [200, 100, 50], atol=3)


def test_what_is_no_voc_folder_is_refused(voc_folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"ImageSets/Main/val\.txt"):
        voc.VOCPictures(voc_folder, "val", (20, 50))
    with pytest.raises(ValueError, match=r"000001\.xml: has cat, but the classes are dog"):
        voc.VOCPictures(voc_folder, "train", (20, 50), ("background", "dog"))
    (voc_folder / "JPEGImages/000002.jpg").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"000002\.jpg: no readable picture"):
        voc.VOCPictures(voc_folder, "train", (20, 50)).picture(1)
    for text in ("<annotation>", "<annotation/>", ANNOTATION.format(10, 10, "<object/>")):
        (voc_folder / "Annotations/000002.xml").write_text(text)
        with pytest.raises(ValueError, match=r"000002\.xml: not an annotation of PASCAL VOC"):
            voc.VOCPictures(voc_folder, "train", (20, 50))


def test_mirrored_twice_is_as_before() -> None:
    data = shapes.make_shapes(1, seed=0, size=20)
    picture, objects = data.pictures[0], data.objects[0]
    other, turned = views.mirrored(picture, objects)
    np.testing.assert_array_equal(other[:, :, 0], picture[:, :, -1])
    assert (turned.boxes[:, 0] < turned.boxes[:, 2]).all()
    again, back = views.mirrored(other, turned)
    np.testing.assert_array_equal(again, picture)
    np.testing.assert_allclose(back.boxes, objects.boxes, atol=1e-5)


def test_a_window_shows_its_part_in_the_size_of_the_picture() -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    objects = Objects.of(
        [[0, 0, 2, 2], [1, 2, 4, 4], [2, 0, 4, 1]], [1, 2, 3], [True, False, False]
    )
    view, seen = views.seen_through([0, 2, 4, 4], picture, objects)
    np.testing.assert_array_equal(view, picture[:, [2, 2, 3, 3]])
    assert (seen.boxes.tolist(), seen.classes.tolist()) == ([[1, 0, 4, 4]], [2])
    view, seen = views.seen_through([-4, 0, 4, 4], picture, objects)
    np.testing.assert_array_equal(view[:, :, 2:], picture[:, :, [1, 3]])
    assert (view[:, :, :2] == views.GREY).all()
    assert seen.boxes.tolist() == [[2, 0, 3, 2], [2.5, 2, 4, 4], [3, 0, 4, 1]]
    assert seen.difficult.tolist() == [True, False, False]


@pytest.mark.parametrize("seed", range(5))
def test_windows_lie_in_the_picture_or_around_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for x0, y0, x1, y1 in (views.random_window(rng, 40, 20) for _ in range(50)):
        for low, high, side in ((x0, x1, 40), (y0, y1, 20)):
            within = low >= -1e-9 and high <= side + 1e-9
            around = low <= 1e-9 and high >= side - 1e-9
            assert within or around
            assert 0.3 * side < high - low < 2.5 * side
