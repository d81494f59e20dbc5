"""The IMDB-WIKI source on small archives in the real layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from imdb_wiki import ImdbWikiSource, age_at
from photo_files import INF, NAN, matlab_day, save_archive
from photos import BadInput


@pytest.mark.parametrize(
    ("born", "age"),
    [((1970, 6, 30), 30), ((1970, 7, 1), 29), ((2005, 1, 1), -5)],
)
def test_age_is_taken_in_the_middle_of_the_year(born: tuple[int, int, int], age: int) -> None:
    assert age_at(matlab_day(*born), 2000) == age


@pytest.mark.parametrize("dob", [0, 366, -5, 1e12, NAN])
def test_an_impossible_birthday_has_no_age(dob: float) -> None:
    assert age_at(dob, 2000) != age_at(dob, 2000)


def test_the_filter_removes_what_it_says(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    rows = [
        {},
        {},
        {"gender": NAN},
        {"face_score": -INF},
        {"face_score": 0.5},
        {"second_face_score": 2.0},
        {"second_face_score": 0.0},
        {"dob": matlab_day(1890, 1, 1)},
        {"dob": 1},
        {"photo_taken": 1960},
    ]
    save_archive(tmp_path, "wiki", rows)
    kept = [Path(example.path).name for example in ImdbWikiSource(tmp_path).examples()]
    assert [name.partition("_")[0] for name in kept] == ["0", "1", "6"]
    for reason in ("1 of unknown gender", "2 without a clear face", "1 with a second face"):
        assert reason in log.text
    assert "3 of impossible age" in log.text
    assert "kept 3 of 10 photos" in log.text


def test_the_filter_can_be_changed(tmp_path: Path) -> None:
    save_archive(tmp_path, "wiki", [{}, {}, {"face_score": 0.5}, {"second_face_score": 2.0}])
    source = ImdbWikiSource(tmp_path, min_score=0.3, allow_second_face=True)
    assert len(source.examples()) == 4


def test_both_archives_are_read_and_a_person_is_one_in_both(tmp_path: Path) -> None:
    save_archive(tmp_path, "imdb", [{"celeb_id": 5, "name": "Ann"}, {"celeb_id": 5, "name": "A."}])
    save_archive(tmp_path, "wiki", [{"name": "ann "}, {"name": "Bob"}])
    people = [example.person for example in ImdbWikiSource(tmp_path).examples()]
    assert people == ["ann", "ann", "ann", "bob"]


def test_the_path_may_be_one_archive(tmp_path: Path) -> None:
    save_archive(tmp_path, "imdb", [{}, {}])
    examples = ImdbWikiSource(tmp_path / "imdb_crop").examples()
    assert [(Path(e.path).is_file(), e.label, e.age) for e in examples] == [
        (True, 0, 30),
        (True, 1, 30),
    ]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        ImdbWikiSource(tmp_path / "nowhere").examples()
    with pytest.raises(BadInput, match="expected imdb_crop/imdb.mat or wiki_crop/wiki.mat"):
        ImdbWikiSource(tmp_path).examples()
    (tmp_path / "wiki.mat").write_bytes(b"nonsense" * 40)
    with pytest.raises(BadInput, match="wiki.mat: not an IMDB-WIKI table"):
        ImdbWikiSource(tmp_path).examples()


def test_a_table_without_usable_rows_or_with_one_class_is_refused(tmp_path: Path) -> None:
    save_archive(tmp_path / "a", "wiki", [{"gender": NAN}] * 3)
    with pytest.raises(BadInput, match="no photo passes the filter"):
        ImdbWikiSource(tmp_path / "a").examples()
    save_archive(tmp_path / "b", "wiki", [{"gender": 1.0}] * 3)
    with pytest.raises(BadInput, match="0 pictures of class female and 3 of male"):
        ImdbWikiSource(tmp_path / "b").examples()
