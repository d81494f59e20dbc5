"""The images and labels of ``AeonDataLoader``: from a manifest or a folder (spec data 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neonlike.data._aeon_config import AeonConfig

COLUMN_TYPES = ("FILE", "STRING")


@dataclass(frozen=True, slots=True)
class Record:
    """One example.

    Attributes:
        path: image file.
        label: class, 0 in data without labels.
        source: where the example is listed, for messages.
    """

    path: Path
    label: int
    source: str


def read_records(config: AeonConfig) -> list[Record]:
    """Return the examples, of a manifest in its order, of a folder sorted by name.

    Raises:
        OSError: no such manifest or folder.
        ValueError: it has no examples, or a line that does not fit.
    """
    if config.manifest is not None:
        place, records = config.manifest, list(_from_manifest(config, config.manifest))
    else:
        assert config.image_folder is not None  # parse_config: one of the two
        place = config.image_folder
        records = list(_from_folder(place, labelled="label" in config.items))
    if not records:
        raise ValueError(f"AeonDataLoader: {place} lists no images")
    count = round(len(records) * config.subset_fraction)
    if not count:
        raise ValueError(
            f"AeonDataLoader: subset_fraction {config.subset_fraction} of the {len(records)} "
            f"images of {place} leaves none"
        )
    return records[:count]


def _from_manifest(config: AeonConfig, manifest: Path) -> Iterator[Record]:
    lines = enumerate(manifest.read_text(encoding="utf-8").splitlines(), 1)
    content = [(n, line) for n, line in lines if line.strip() and not line.startswith("#")]
    if not content:
        return
    types = _header(content[0][1], manifest)
    if len(types) != len(config.items):
        raise ValueError(
            f"AeonDataLoader: {manifest} has {len(types)} columns, but config['etl'] has "
            f"{len(config.items)} entries ({', '.join(config.items)})"
        )
    for number, line in content[1:]:
        source = f"{manifest}, line {number}"
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != len(types):
            raise ValueError(
                f"AeonDataLoader: {source} has {len(fields)} tab-separated fields, "
                f"the header has {len(types)}"
            )
        values = dict(zip(config.items, fields, strict=True))
        kinds = dict(zip(config.items, types, strict=True))
        label = _label(values.get("label", "0"), kinds.get("label"), config.manifest_root, source)
        yield Record(config.manifest_root / values["image"], label, source)


def _header(line: str, manifest: Path) -> list[str]:
    """Return the column types of ``@FILE<TAB>STRING`` (each may carry the ``@``)."""
    if not line.startswith("@"):
        raise ValueError(
            f"AeonDataLoader: {manifest} does not begin with a header such as @FILE<TAB>STRING; "
            "a comma-separated manifest of old is rewritten by "
            "neonlike.data.convert_manifest.convert_manifest(source, destination)"
        )
    types = [field.strip().removeprefix("@") for field in line.split("\t")]
    for name in types:
        if name not in COLUMN_TYPES:
            raise ValueError(
                f"AeonDataLoader: {manifest} has a column of type {name!r}, "
                f"allowed are {', '.join(COLUMN_TYPES)}"
            )
    return types


def _label(text: str, kind: str | None, root: Path, source: str) -> int:
    """Return an integer label.

    One in a FILE column may stand there itself, as converted manifests have it,
    or in the file of that name.
    """
    if kind == "FILE" and not _is_label(text):
        try:
            text = (root / text).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OSError(
                f"AeonDataLoader: cannot read the label file {root / text} ({source}): {error}"
            ) from error
    if not _is_label(text):
        raise ValueError(f"AeonDataLoader: {source}: the label {text!r} is not an integer")
    return int(text)


def _is_label(text: str) -> bool:
    try:
        np.int32(int(text))
    except (ValueError, OverflowError):
        return False
    return True


def _from_folder(folder: Path, labelled: bool) -> Iterator[Record]:
    """Yield the images of a folder; a label is the place of the subfolder in their sorted list."""
    from PIL import Image

    suffixes = set(Image.registered_extensions())
    if not folder.is_dir():
        raise NotADirectoryError(f"AeonDataLoader: image_folder {folder} is not a folder")
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    if labelled and not classes:
        raise ValueError(
            f"AeonDataLoader: image_folder {folder} has no subfolders, one per class; "
            "without the etl entry of type 'label' it is read as images alone"
        )
    for label, place in enumerate(classes or [folder]):
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in suffixes:
                yield Record(path, label, f"image_folder {folder}")
