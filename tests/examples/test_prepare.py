"""Preparation into HDF5: layout, caching, all or nothing."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from data import GenderData, SyntheticSource, make_source, prepare_gender_hdf5
from photo_files import save_archive, save_photo, save_photo_folder
from photos import BadInput

PARTS = ("train", "valid", "test")
SMALL = SyntheticSource(counts=(20, 10, 12))


def test_the_files_have_the_layout_the_iterators_read(tmp_path: Path) -> None:
    folder = prepare_gender_hdf5(
        f"folder:{save_photo_folder(tmp_path / 'p')}", tmp_path / "out", 16
    )
    with h5py.File(folder / "train.h5") as file:
        inputs = file["input"]
        assert inputs.shape == (32, 3 * 16 * 16)
        assert inputs.dtype == np.uint8
        assert tuple(inputs.attrs["lshape"]) == (3, 16, 16)
        mean = np.asarray(inputs).reshape(32, 3, -1).mean(axis=(0, 2))
        np.testing.assert_allclose(file["mean"], mean[:, None], rtol=1e-5)
        np.testing.assert_array_equal(file["mean"], inputs.attrs["mean"])
        assert file["output"].shape == (32, 1)
        assert file["output"].dtype.kind == "i"
        assert file["output"].attrs["nclass"] == 2
        labels = np.asarray(file["output"]).ravel()
        assert labels.sum() == 16
        assert 0 < labels[:16].sum() < 16  # shuffled
        for name in ("age", "path", "person"):
            assert len(file[name]) == 32
        train_mean = np.asarray(file["mean"])
    for part in ("valid", "test"):
        with h5py.File(folder / f"{part}.h5") as file:
            assert file["input"].shape == (4, 3 * 16 * 16)
            np.testing.assert_array_equal(file["mean"], train_mean)


def test_rows_belong_to_their_labels_and_paths(tmp_path: Path) -> None:
    root = save_photo_folder(tmp_path / "p", 10, 10)
    data = GenderData(f"folder:{root}", size=16, data_dir=tmp_path)
    from photos import read_photo

    for part in PARTS:
        for path, label, image in zip(
            data.names(part), data.labels(part), data.images(part), strict=True
        ):
            assert label == (Path(path).parent.name == "male")
            np.testing.assert_array_equal(image, read_photo(path, 16))


def test_preparation_is_reused_until_something_changes(tmp_path: Path) -> None:
    root = save_photo_folder(tmp_path / "p", 10, 10)

    def prepare(size: int = 16) -> Path:
        return GenderData(f"folder:{root}", size=size, data_dir=tmp_path).prepare()

    first = prepare()
    stamp = (first / "train.h5").stat().st_mtime_ns
    assert prepare() == first
    assert (first / "train.h5").stat().st_mtime_ns == stamp
    assert prepare(size=20) != first
    save_photo(root / "male" / "000.jpg", (50, 50), seed=99)
    assert prepare() != first


def test_synthetic_parts_come_from_their_own_seeds(tmp_path: Path) -> None:
    data = GenderData(SMALL, size=16, data_dir=tmp_path)
    assert [data.count(part) for part in PARTS] == [20, 10, 12]
    from faces import synthetic_faces

    images, labels, _ = synthetic_faces(12, 16, seed=2)
    np.testing.assert_array_equal(data.images("test"), images)
    np.testing.assert_array_equal(data.labels("test"), labels)
    assert "synthetic" in data.title


def test_imdb_wiki_photos_are_split_by_person(tmp_path: Path) -> None:
    rows = [
        {"celeb_id": 1 + n // 4, "name": f"P{n // 4}", "gender": float(n // 4 % 2)}
        for n in range(160)
    ]
    rows[3]["size"] = (1, 1)  # a placeholder that slipped through the face detector
    rows[7]["size"] = None
    save_archive(tmp_path / "archive", "imdb", rows)
    data = GenderData(f"imdb-wiki:{tmp_path / 'archive'}", size=16, data_dir=tmp_path)
    people = []
    for part in PARTS:
        with h5py.File(data.prepare() / f"{part}.h5") as file:
            people.append(set(file["person"][:]))
            assert set(np.asarray(file["age"])) == {30.0}
    assert not people[0] & people[1] | people[0] & people[2] | people[1] & people[2]
    assert sum(data.count(part) for part in PARTS) == 158


def test_photo_options_reach_the_source(tmp_path: Path) -> None:
    root = save_photo_folder(tmp_path / "p", 30, 12)
    data = GenderData(
        f"folder:{root}", 16, (0.5, 0.25, 0.25), data_dir=tmp_path, balance=True, max_images=20
    )
    assert sum(data.count(part) for part in PARTS) == 20
    with pytest.raises(BadInput, match="no pictures"):
        GenderData(f"folder:{root}", glob="*.png", data_dir=tmp_path).prepare()


@pytest.mark.parametrize("text", ["", "folder", "folder:", "synthetic:3", "tape:x"])
def test_an_unknown_source_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected synthetic, folder:PATH or imdb-wiki:PATH"):
        make_source(text)


def test_nothing_is_left_when_a_part_has_one_class_only(tmp_path: Path) -> None:
    root = save_photo_folder(tmp_path / "p", 10, 10)
    for photo in (root / "male").iterdir():
        photo.write_bytes(b"broken")
    with pytest.raises(
        BadInput, match="the train part has 8 usable pictures of class female and 0"
    ):
        prepare_gender_hdf5(f"folder:{root}", tmp_path / "out", 16)
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_nothing_is_left_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hdf5._require_usable", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare_gender_hdf5(SMALL, tmp_path / "out", 16)
    assert list(tmp_path.iterdir()) == []


def test_folds_cover_the_photos_and_synthetic_faces_refuse_them(tmp_path: Path) -> None:
    root = save_photo_folder(tmp_path / "p", 10, 10)
    data = GenderData(f"folder:{root}", size=16, data_dir=tmp_path)
    tested = [name for fold in data.folds(4) for name in fold.names("test")]
    assert len(tested) == len(set(tested)) == 20
    with pytest.raises(BadInput, match="--folds needs photos"):
        next(GenderData(SMALL).folds(4))
