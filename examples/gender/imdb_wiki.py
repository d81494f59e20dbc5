"""The IMDB-WIKI archives: ``imdb_crop/`` and ``wiki_crop/`` with their ``.mat`` tables.

Fields used: dob (MATLAB day number), photo_taken (year), full_path, gender (0, 1,
NaN unknown), face_score (-Inf: no face found), second_face_score (NaN: no second
face), name, and for imdb celeb_names and celeb_id.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from photos import MIN_SIDE, BadInput, Example, require_both_classes

logger = logging.getLogger("neonlike.gender")

DATABASES = ("imdb", "wiki")
_MATLAB_DAY_OFFSET = 366  # MATLAB counts from year 0, Python from year 1


@dataclass
class ImdbWikiSource:
    """The archives below PATH (or one of them at PATH), filtered as public loaders usually do.

    Attributes:
        path: folder that holds ``imdb_crop`` and/or ``wiki_crop``, or one of these.
        min_score: smallest face_score that counts as a face.
        allow_second_face: keep photos with a second detected face.
        min_side: smaller pictures are skipped when they are read.
    """

    path: Path
    min_score: float = 1.0
    allow_second_face: bool = False
    min_side: int = MIN_SIDE
    title: str = field(default="IMDB-WIKI photos", init=False)

    def __post_init__(self) -> None:
        self.path = Path(self.path).expanduser()

    def tables(self) -> list[Path]:
        """Return the ``.mat`` files that are there."""
        if not self.path.is_dir():
            raise BadInput(f"{self.path}: no such folder; expected the unpacked IMDB-WIKI archives")
        places = [self.path / f"{db}_crop" / f"{db}.mat" for db in DATABASES]
        places += [self.path / f"{db}.mat" for db in DATABASES]
        found = [place for place in places if place.is_file()]
        if not found:
            raise BadInput(
                f"{self.path}: no IMDB-WIKI table in it; expected imdb_crop/imdb.mat "
                "or wiki_crop/wiki.mat"
            )
        return found

    def examples(self) -> list[Example]:
        """List the photos that pass the filter; what each rule removed is logged."""
        kept = [example for table in self.tables() for example in self._of_table(table)]
        if not kept:
            raise BadInput(
                f"{self.path}: no photo passes the filter (gender known, face_score at least "
                f"{self.min_score:g}, no second face, age 0 to 100); lower --min_score"
            )
        return require_both_classes(kept, str(self.path))

    def _of_table(self, table: Path) -> Iterator[Example]:
        removed: dict[str, int] = {}
        rows = list(_rows(table))
        for row in rows:
            reason = self._refused(row)
            if reason:
                removed[reason] = removed.get(reason, 0) + 1
            else:
                yield Example(str(row.path), int(row.gender), row.person, row.age)
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(removed.items()))
        logger.info(
            "%s: kept %d of %d photos; removed: %s",
            table,
            len(rows) - sum(removed.values()),
            len(rows),
            reasons,
        )

    def _refused(self, row: _Row) -> str:
        """Return the first rule that the row breaks, or an empty string."""
        if row.gender not in (0, 1):
            return "of unknown gender"
        if not row.score >= self.min_score:  # also refuses nan
            return "without a clear face"
        if row.second_score > 0 and not self.allow_second_face:
            return "with a second face"
        if not 0 <= row.age <= 100:
            return "of impossible age"
        return ""


@dataclass(frozen=True)
class _Row:
    path: Path
    gender: float
    person: str
    age: float
    score: float
    second_score: float


def _rows(table: Path) -> Iterator[_Row]:
    """Read a table; a person is a celeb_id where there is one, under the name both archives use."""
    columns = _columns(table)
    names = [_text(name) for name in columns["name"]]
    ids = [int(i) for i in columns["celeb_id"]] if "celeb_id" in columns else [None] * len(names)
    name_of: dict[int | None, str] = {}
    for index, (path, name, celeb) in enumerate(zip(columns["full_path"], names, ids, strict=True)):
        file = table.parent / _text(path)
        person = name if celeb is None else name_of.setdefault(celeb, name or f"imdb {celeb}")
        yield _Row(
            path=file,
            gender=float(columns["gender"][index]),
            person=person.strip().casefold() or str(file),
            age=age_at(float(columns["dob"][index]), float(columns["photo_taken"][index])),
            score=float(columns["face_score"][index]),
            second_score=float(columns["second_face_score"][index]),
        )


def _columns(table: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    wanted = (
        "dob",
        "photo_taken",
        "full_path",
        "gender",
        "name",
        "face_score",
        "second_face_score",
    )
    try:
        record = loadmat(table)[table.stem][0, 0]
    except (OSError, ValueError, KeyError, IndexError, NotImplementedError, TypeError) as problem:
        raise BadInput(f"{table}: not an IMDB-WIKI table ({problem})") from problem
    missing = [field for field in wanted if field not in (record.dtype.names or ())]
    if missing:
        raise BadInput(f"{table}: field {missing[0]} is missing; expected {', '.join(wanted)}")
    optional = [field for field in ("celeb_id",) if field in record.dtype.names]
    return {field: record[field].ravel() for field in (*wanted, *optional)}


def _text(cell: Any) -> str:
    """Return the string in a MATLAB cell, which arrives as an array of at most one element."""
    while hasattr(cell, "size"):
        if cell.size == 0:
            return ""
        cell = cell.ravel()[0]
        if isinstance(cell, str):
            break
    return str(cell)


def age_at(dob: float, photo_taken: float) -> float:
    """Return the age in the middle of the year ``photo_taken``, nan for an impossible birthday."""
    if not _MATLAB_DAY_OFFSET < dob <= date.max.toordinal() + _MATLAB_DAY_OFFSET:
        return math.nan
    born = date.fromordinal(int(dob) - _MATLAB_DAY_OFFSET)
    return photo_taken - born.year - (born.month >= 7)
