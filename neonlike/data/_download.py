"""Fetch and unpack the files of stock data sets."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from neonlike.serialization._atomic import atomic_path, atomic_write

CHUNK = 1 << 20
TIMEOUT = 30  # seconds without an answer


def download(url: str, target: Path, size: int, md5: str | None = None) -> None:
    """Download ``url`` to ``target``, which appears only when it is complete.

    Args:
        url: http(s) address of the file.
        target: path of the file.
        size: expected number of bytes for the progress bar, 0 if not known.
        md5: checksum of the file, None if not known.

    Raises:
        FileNotFoundError: the file cannot be fetched, or has another checksum.
    """
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as source, atomic_path(target) as part:
            size = int(source.headers.get("Content-Length") or size)
            with part.open("wb") as file:
                found = _copy(source, file, target.name, size)
            if md5 not in (None, found):
                raise ValueError(f"what came has the MD5 checksum {found} instead of {md5}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FileNotFoundError(
            f"{target.name} is not in the folder {target.parent} and could not be downloaded "
            f"from {url} ({error}); put the file into that folder by hand"
        ) from error


def _copy(source: Any, file: IO[bytes], name: str, size: int) -> str:
    """Copy with a progress bar; return the MD5 checksum."""
    from tqdm import tqdm  # here: importing neonlike does not load it

    done, digest = 0, hashlib.md5(usedforsecurity=False)
    with tqdm(total=size or None, desc=name, unit="B", unit_scale=True, file=sys.stdout) as bar:
        while chunk := source.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            bar.update(len(chunk))
    if size and done != size:
        raise OSError(f"the connection ended after {done} of {size} bytes")
    return digest.hexdigest()


def unpack_tar(archive: Path, members: Iterable[str], folder: Path) -> None:
    """Write the named files of a tar archive below ``folder``.

    Raises:
        FileNotFoundError: the archive lacks one of them.
    """
    with tarfile.open(archive) as tar:
        for name in members:
            source = tar.extractfile(name) if name in tar.getnames() else None
            if source is None:
                raise FileNotFoundError(f"the archive {archive} has no file {name}")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, source.read())


def unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a zip archive into ``folder``."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` with ``~`` expanded, created if it is missing.

    Raises:
        ValueError: it is not a folder.
    """
    folder = Path(path).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; the path of a data set must be a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
