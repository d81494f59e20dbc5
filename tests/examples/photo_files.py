"""Small photo folders and IMDB-WIKI archives for the tests, in the layout of the real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import savemat

NAN, INF = float("nan"), float("inf")


def save_photo(path: Path, size: tuple[int, int] = (48, 40), seed: int = 0) -> Path:
    """Write a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def save_photo_folder(root: Path, female: int = 20, male: int = 20) -> Path:
    """Write ``root/{female,male}/NNN.jpg``."""
    root.mkdir(exist_ok=True)
    for name, count in (("female", female), ("male", male)):
        for index in range(count):
            save_photo(root / name / f"{index:03d}.jpg", seed=index)
    return root


def matlab_day(year: int, month: int, day: int) -> int:
    """Return the day number MATLAB gives a date."""
    from datetime import date

    return date(year, month, day).toordinal() + 366


def save_archive(root: Path, db: str, rows: list[dict[str, Any]]) -> Path:
    """Write ``root/{db}_crop/{db}.mat`` and the photos.

    Each row may set dob, photo_taken, full_path, gender, name, face_score,
    second_face_score, celeb_id (imdb) and size (None: the file is missing).
    """
    folder = root / f"{db}_crop"
    table: dict[str, list[Any]] = {}
    for index, given in enumerate(rows):
        row = _plain_row(index) | given
        size = row.pop("size")
        if size is not None:
            save_photo(folder / row["full_path"], size, seed=index)
        for name, value in row.items():
            table.setdefault(name, []).append(value)
    if db == "wiki":
        table.pop("celeb_id", None)
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / f"{db}.mat", {db: {name: _column(values) for name, values in table.items()}})
    return root


def _plain_row(index: int) -> dict[str, Any]:
    return {
        "dob": matlab_day(1970, 3, 1),
        "photo_taken": 2000,
        "full_path": f"{index % 100:02d}/{index}_1970-03-01_2000.jpg",
        "gender": float(index % 2),
        "name": f"Person {index}",
        "face_location": np.array([[1.0, 1.0, 30.0, 30.0]]),
        "face_score": 3.5,
        "second_face_score": NAN,
        "celeb_id": index + 1,
        "size": (48, 48),
    }


def _column(values: list[Any]) -> np.ndarray[Any, Any]:
    """Return a 1 x n row as the archives have it: strings and boxes in cells, numbers plain."""
    if not isinstance(values[0], str | np.ndarray):
        return np.array([values])
    cells = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        cells[0, index] = value
    return cells
