"""Reading photos and the folder source."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from photo_files import save_photo, save_photo_folder
from photos import BadInput, Example, FolderSource, Photos, read_photo
from PIL import Image


def test_a_photo_is_cut_to_its_centre_square_and_resized(tmp_path: Path) -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 20:60] = (255, 128, 0)  # the centre square
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_photo(tmp_path / "a.png", 16)
    assert image.shape == (3, 16, 16)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image[:, 8, 8], (255, 128, 0))
    np.testing.assert_array_equal(image[:, 2, 2], (255, 128, 0))


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32] = 255  # white above
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held at 90 degrees: to see it upright turn clockwise
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = read_photo(tmp_path / "a.jpg", 32)
    assert image[:, :, 28].min() > 200  # white is now on the right
    assert image[:, :, 3].max() < 50


def test_without_pillow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'neonlike\[images\]'"):
        read_photo("a.jpg", 8)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_other_colour_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new(mode, (40, 40)).save(path)
    assert read_photo(path, 8).shape == (3, 8, 8)


def test_unusable_photos_are_skipped_counted_and_named(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    good = save_photo(tmp_path / "good.jpg")
    (tmp_path / "broken.jpg").write_bytes(good.read_bytes()[:400])
    (tmp_path / "text.png").write_text("not a picture")
    save_photo(tmp_path / "tiny.bmp", (1, 1))
    names = ["broken.jpg", "good.jpg", "missing.jpg", "text.png", "tiny.bmp"]
    photos = Photos([Example(str(tmp_path / name), 0, name) for name in names])
    read = [Path(example.path).name for example, _ in photos.pictures(16)]
    assert read == ["good.jpg"]
    assert photos.skipped == 4
    for name in set(names) - {"good.jpg"}:
        assert name in log.text
    assert "tiny.bmp: 1x1 pixels, expected at least 32" in log.text
    assert "skipped 4 of 5 photos" in log.text


def test_the_first_folder_is_the_class_whatever_its_case_and_depth(tmp_path: Path) -> None:
    for place in ("Female/a.jpg", "MALE/deep/er/b.JPEG", "other/c.jpg", "d.jpg"):
        save_photo(tmp_path / place)
    (tmp_path / "MALE" / "e.txt").touch()
    found = FolderSource(tmp_path).examples()
    labels = {Path(example.path).name: example.label for example in found}
    assert labels == {"a.jpg": 0, "b.JPEG": 1}


def test_class_folders_and_glob_can_be_given(tmp_path: Path) -> None:
    for place in ("w/128/a.jpg", "w/64/a.jpg", "m/128/b.jpg", "m/64/b.jpg"):
        save_photo(tmp_path / place)
    source = FolderSource(tmp_path, classes={"w": 0, "m": 1}, glob="*/128/*.jpg")
    places = [Path(example.path).relative_to(tmp_path).as_posix() for example in source.examples()]
    assert places == ["m/128/b.jpg", "w/128/a.jpg"]


def test_missing_empty_and_one_sided_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder; expected one with female/"):
        FolderSource(tmp_path / "nowhere").examples()
    with pytest.raises(BadInput, match="no pictures in it; expected female/"):
        FolderSource(save_photo_folder(tmp_path / "empty", 0, 0)).examples()
    with pytest.raises(BadInput, match="3 pictures of class female and 0 of male"):
        FolderSource(save_photo_folder(tmp_path / "one", 3, 0)).examples()
