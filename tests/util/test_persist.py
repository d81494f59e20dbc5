"""Cache folders and saved objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neonlike.util.persist import (
    ensure_dirs_exist,
    get_cache_dir,
    get_data_cache_dir,
    get_data_cache_or_nothing,
    load_obj,
    save_obj,
    serialize,
)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEON_CACHE_DIR", "NEON_DATA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))


def test_cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(get_cache_dir())
    assert own.is_dir()
    assert own.name == "neonlike"
    assert tmp_path in own.parents
    monkeypatch.setenv("NEON_CACHE_DIR", str(tmp_path / "cache"))
    assert get_cache_dir() == str(tmp_path / "cache")
    assert get_cache_dir("a") == str(tmp_path / "cache" / "a")
    nested = get_cache_dir(["a", "b"])
    assert nested == str(tmp_path / "cache" / "a" / "b")
    assert Path(nested).is_dir()


def test_data_cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_data_cache_dir("~/data", "a") == str(tmp_path / "data" / "a")
    assert (tmp_path / "data" / "a").is_dir()
    assert get_data_cache_or_nothing("a") == ""
    monkeypatch.setenv("NEON_DATA_CACHE_DIR", str(tmp_path / "cache"))
    assert get_data_cache_dir("~/data") == str(tmp_path / "cache")
    assert get_data_cache_or_nothing(["b", "c"]) == str(tmp_path / "cache" / "b" / "c")
    assert (tmp_path / "cache" / "b").is_dir()
    assert not (tmp_path / "cache" / "b" / "c").exists()


def test_ensure_dirs_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{tmp_path}/a/b/"
    assert ensure_dirs_exist(path) == path
    assert Path(path).is_dir()
    monkeypatch.chdir(tmp_path)
    assert ensure_dirs_exist("file.txt") == "file.txt"
    assert not Path("file.txt").exists()


def test_save_and_load_expand_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUB", "models")
    save_obj({"a": (1, 2.5, "x")}, "~/$SUB/m.prm")
    assert (tmp_path / "models" / "m.prm").is_file()
    assert load_obj("~/$SUB/m.prm") == {"a": (1, 2.5, "x")}
    with (tmp_path / "models" / "m.prm").open("rb") as file:
        assert load_obj(file) == {"a": (1, 2.5, "x")}


def test_save_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for nowhere in (None, ""):
        save_obj([1], nowhere)
    assert not list(tmp_path.iterdir())


def test_load_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none.prm"):
        load_obj(tmp_path / "none.prm")


@pytest.mark.parametrize("source", [None, {"model": 1}])
def test_load_from_what_is_no_file(source: Any) -> None:
    with pytest.raises(
        TypeError, match=f"a path or a binary file is needed.*{type(source).__name__}"
    ):
        load_obj(source)


class Described:
    """Stands for a model, callbacks or a data set."""

    def serialize(self, **kwargs: Any) -> dict[str, Any]:
        return dict(kwargs)


def test_serialize_an_experiment() -> None:
    one = Described()
    assert serialize(one) == {"fn": None, "keep_states": True}
    assert serialize(one, one, one, keep_states=False) == {
        "fn": None,
        "keep_states": False,
        "callbacks": {},
        "datasets": {},
    }
