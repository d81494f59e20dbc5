"""``Dataset``: base of the stock data sets (spec data 5)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from neonlike._object import NervanaObject
from neonlike.data._download import download, existing_folder, unpack_zip


class Dataset(NervanaObject):
    """A stock data set: finds or fetches its files and builds iterators.

    A file that is in ``path`` is never downloaded. A download is compared with
    the checksum in ``md5``, by the name of the file, if its origin publishes one.

    Args:
        filename: name of the file.
        url: address of the folder it can be downloaded from.
        size: its size in bytes (0 if unknown), for the progress bar.
        path: folder of the files; ``~`` is expanded.
        subset_pct: only 100 here; subclasses may take a part of the data.

    Raises:
        NotImplementedError: another ``subset_pct``.
    """

    md5: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, filename: str, url: str, size: int, path: str = ".", subset_pct: float = 100
    ) -> None:
        super().__init__()
        if subset_pct != 100:
            raise NotImplementedError(
                f"{self.classnm} cannot deliver a part of its data: "
                f"subset_pct must be 100, got {subset_pct}"
            )
        self.filename = filename
        self.url = url
        self.size = size
        self.path = path
        self.subset_pct = subset_pct
        self._data_dict: dict[str, Any] | None = None

    def load_data(self) -> Any:
        """Return the raw arrays or the paths of the files."""
        raise NotImplementedError(f"{self.classnm} does not define load_data()")

    def gen_iterators(self) -> dict[str, Any]:
        """Return the iterators by the names of their sets."""
        raise NotImplementedError(f"{self.classnm} does not define gen_iterators()")

    @property
    def data_dict(self) -> dict[str, Any]:
        """What ``gen_iterators`` returns, built at first use."""
        if self._data_dict is None:
            self._data_dict = self.gen_iterators()
        return self._data_dict

    def get_iterator(self, setname: str) -> Any:
        """Return the iterator of the set ``setname``.

        Raises:
            AssertionError: there is none.
        """
        if setname not in self.data_dict:
            raise AssertionError(f"no iterator for set {setname}")
        return self.data_dict[setname]

    @property
    def train_iter(self) -> Any:
        """Iterator of the training set."""
        return self.get_iterator("train")

    @property
    def valid_iter(self) -> Any:
        """Iterator of the validation set."""
        return self.get_iterator("valid")

    @property
    def test_iter(self) -> Any:
        """Iterator of the test set."""
        return self.get_iterator("test")

    def serialize(self) -> dict[str, Any]:
        """Describe the data set, not its content."""
        return self.get_description()

    def load_zip(self, filename: str, size: int) -> str:
        """Return the path of ``filename``, downloaded if it is missing.

        A ``.zip`` file is unpacked into the folder, and the path without
        ``.zip`` is returned.
        """
        path = self.find(filename, size)
        if path.suffix != ".zip":
            return str(path)
        unpack_zip(path, path.parent)
        return str(path.with_suffix(""))

    def find(self, filename: str | None = None, size: int | None = None) -> Path:
        """Return the path of a file of the data set, downloaded if it is missing.

        Args:
            filename: name of the file (default: ``self.filename``).
            size: its size in bytes.

        Raises:
            FileNotFoundError: it is neither there nor can be downloaded, or what came is
                not that file.
        """
        filename = filename or self.filename
        path = existing_folder(self.path) / filename
        if not path.exists():
            address = f"{self.url.rstrip('/')}/{filename}"
            download(address, path, self.size if size is None else size, self.md5.get(filename))
        return path

    @staticmethod
    def fetch_dataset(url: str, sourcefile: str, destfile: str, totalsz: int) -> None:
        """Download ``url/sourcefile`` to ``destfile``, with a progress bar.

        Args:
            url: address of the folder.
            sourcefile: name of the file there.
            destfile: path of the file here.
            totalsz: its size in bytes (0 if unknown).

        Raises:
            FileNotFoundError: it cannot be fetched.
        """
        download(f"{url.rstrip('/')}/{sourcefile}", Path(destfile), totalsz)

    @staticmethod
    def _valid_path_append(path: str, *args: str) -> str | list[str]:
        """Return the folder ``path`` (created if missing), or paths of files in it.

        Args:
            path: the folder; ``~`` is expanded.
            *args: names of files; none: the folder itself is returned, one:
                its path, several: a list of paths.

        Raises:
            ValueError: ``path`` is not a folder.
        """
        folder = str(existing_folder(path))
        if not args:
            return folder
        # os.path: an empty name gives the folder with a trailing separator
        paths = [os.path.join(folder, name) for name in args]  # noqa: PTH118
        return paths[0] if len(paths) == 1 else paths
