"""Lists of image files: the index of a folder, manifests (spec data 13, 14)."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from neonlike._object import NervanaObject
from neonlike.serialization._atomic import atomic_write


class Indexer(NervanaObject):
    """List the files of the subfolders of a folder, one class per subfolder.

    Args:
        path: the folder.
        index_file: CSV file to write.
        pattern: pattern of the names of the files.
    """

    def __init__(self, path: str, index_file: str, pattern: str = "*") -> None:
        super().__init__()
        self.path = path
        self.index_file = index_file
        self.pattern = pattern

    def run(self) -> None:
        """Write ``filename,label1`` lines, unless the index file exists.

        The label is the place of the subfolder in the sorted list of subfolders.

        Raises:
            FileNotFoundError: the folder has no subfolders.
        """
        if Path(self.index_file).exists():
            return
        folders = sorted(folder for folder in Path(self.path).iterdir() if folder.is_dir())
        if not folders:
            raise FileNotFoundError(f"{self.path} has no subfolders, one per class")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["filename", "label1"])
        for label, folder in enumerate(folders):
            for file in sorted(folder.glob(self.pattern)):
                writer.writerow([f"{folder.name}/{file.name}", label])
        atomic_write(self.index_file, text.getvalue().encode("utf-8"))


def convert_manifest(
    source_manifest: str | os.PathLike[str], output_manifest: str | os.PathLike[str] | None = None
) -> None:
    """Rewrite a comma-separated manifest without header in today's form.

    Args:
        source_manifest: the old manifest.
        output_manifest: the new one (default: the old file is replaced).
    """
    lines = Path(source_manifest).read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if line.strip()]
    if not rows:
        raise ValueError(f"{source_manifest} has no records")
    rows.insert(0, ["@FILE", *["FILE"] * (len(rows[0]) - 1)])
    text = "".join("\t".join(row) + "\n" for row in rows)
    atomic_write(output_manifest or source_manifest, text.encode("utf-8"))
