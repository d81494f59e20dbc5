"""The config dict of ``AeonDataLoader``, checked (spec data 13)."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GONE_TYPES = ("audio", "video", "localization", "boundingbox", "pixelmask", "char_map", "blob")
TOP_KEYS = (
    "manifest_filename",
    "manifest_root",
    "image_folder",
    "batch_size",
    "block_size",
    "subset_fraction",
    "cache_directory",
    "shuffle_manifest",
    "shuffle_enable",
    "random_seed",
    "iteration_mode",
    "decode_thread_count",
    "etl",
    "augmentation",
)
IMAGE_KEYS = ("type", "height", "width", "channels")
LABEL_KEYS = ("type", "binary")
FLAGS = {
    "crop_enable": True,
    "center": True,
    "flip_enable": False,
    "do_area_scale": False,
    "fixed_aspect_ratio": False,
}
RANGES = ("scale", "horizontal_distortion", "contrast", "brightness", "saturation")
AUGMENTATION_KEYS = ("type", *RANGES, "lighting", *FLAGS)

Range = tuple[float, float]


@dataclass(frozen=True)
class Augmentation:
    """How an image is cut and changed; ranges are drawn from uniformly, per image."""

    crop_enable: bool
    center: bool
    flip_enable: bool
    do_area_scale: bool
    fixed_aspect_ratio: bool
    scale: Range = (1.0, 1.0)
    horizontal_distortion: Range = (1.0, 1.0)
    contrast: Range = (1.0, 1.0)
    brightness: Range = (1.0, 1.0)
    saturation: Range = (1.0, 1.0)
    lighting: Range = (0.0, 0.0)  # mean and standard deviation


@dataclass(frozen=True)
class AeonConfig:
    """The settings of a loader.

    Attributes:
        shape: (channels, height, width) of an image.
        items: ``"image"`` and perhaps ``"label"``, in the order of a batch and
            of the manifest's columns.
        batch_size: None means the backend's.
    """

    shape: tuple[int, int, int]
    items: tuple[str, ...]
    augmentation: Augmentation
    image_folder: Path | None
    manifest: Path | None
    manifest_root: Path
    batch_size: int | None
    subset_fraction: float
    shuffle_manifest: bool
    shuffle_enable: bool
    random_seed: int
    threads: int


def parse_config(config: Mapping[str, Any]) -> AeonConfig:
    """Check a config dict.

    Raises:
        ValueError: an unknown or missing key, or a value that does not fit.
        NotImplementedError: a kind of data or a mode that only aeon has.
    """
    _check_keys(config, TOP_KEYS, "config")
    if config.get("iteration_mode", "ONCE") != "ONCE":
        raise NotImplementedError(
            f"AeonDataLoader: iteration_mode {config['iteration_mode']!r} is not there, "
            "only 'ONCE': each iteration over the loader is one epoch"
        )
    folder, manifest, root = _places(config)
    items, shape = _etl(config.get("etl"))
    batch_size = config.get("batch_size")
    return AeonConfig(
        shape=shape,
        items=items,
        augmentation=_augmentation(config.get("augmentation", [])),
        image_folder=folder,
        manifest=manifest,
        manifest_root=root,
        batch_size=None if batch_size is None else _positive(batch_size, "batch_size"),
        subset_fraction=_fraction(config.get("subset_fraction", 1.0)),
        shuffle_manifest=_flag(config, "shuffle_manifest"),
        shuffle_enable=_flag(config, "shuffle_enable"),
        random_seed=_whole(config.get("random_seed", 0), "random_seed", least=0),
        threads=_positive(
            config.get("decode_thread_count", min(8, os.cpu_count() or 1)), "decode_thread_count"
        ),
    )


def _places(config: Mapping[str, Any]) -> tuple[Path | None, Path | None, Path]:
    """Return the folder of images, the manifest, and the folder its paths start from."""
    folder, manifest, root = (
        None if config.get(key) is None else _path(config[key], key)
        for key in ("image_folder", "manifest_filename", "manifest_root")
    )
    if (folder is None) == (manifest is None):
        raise ValueError(
            "AeonDataLoader: the config needs either manifest_filename (a list of files) or "
            f"image_folder (one subfolder per class), got {'neither' if folder is None else 'both'}"
        )
    start = manifest.parent if manifest is not None else Path()
    return folder, manifest, start if root is None else root


def _path(value: Any, key: str) -> Path:
    try:
        return Path(value).expanduser()
    except TypeError as error:
        raise ValueError(f"AeonDataLoader: {key} must be a path, got {value!r}") from error


def _etl(entries: Any) -> tuple[tuple[str, ...], tuple[int, int, int]]:
    """Return the items of a batch and the shape of an image."""
    shapes: dict[str, tuple[int, int, int]] = {}
    for index, entry in enumerate(_dicts(entries, "etl")):
        where = f"config['etl'][{index}]"
        kind = _kind(entry, ("image", "label"), where)
        if kind in shapes:
            raise ValueError(f"AeonDataLoader: {where} is the second entry of type {kind!r}")
        shapes[kind] = _image(entry, where) if kind == "image" else _label(entry, where)
    if "image" not in shapes:
        raise ValueError("AeonDataLoader: config['etl'] needs an entry of type 'image'")
    return tuple(shapes), shapes["image"]


def _image(entry: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    _check_keys(entry, IMAGE_KEYS, where)
    for key in ("height", "width"):
        if key not in entry:
            raise ValueError(f"AeonDataLoader: {where} needs the key {key!r}")
    channels = entry.get("channels", 3)
    if channels not in (1, 3):
        raise ValueError(f"AeonDataLoader: {where}: channels must be 1 or 3, got {channels!r}")
    return channels, _positive(entry["height"], "height"), _positive(entry["width"], "width")


def _label(entry: Mapping[str, Any], where: str) -> tuple[int, int, int]:
    _check_keys(entry, LABEL_KEYS, where)
    if entry.get("binary"):
        raise NotImplementedError(
            f"AeonDataLoader: {where}: binary label files are not read, write labels as text"
        )
    return (1, 1, 1)


def _augmentation(entries: Any) -> Augmentation:
    entries = _dicts(entries, "augmentation")
    if len(entries) > 1:
        raise ValueError("AeonDataLoader: config['augmentation'] takes one entry, of type 'image'")
    entry = entries[0] if entries else {}
    where = "config['augmentation'][0]"
    if entries:
        _kind(entry, ("image",), where)
    _check_keys(entry, AUGMENTATION_KEYS, where)
    flags: dict[str, Any] = {key: _flag(entry, key, default) for key, default in FLAGS.items()}
    ranges: dict[str, Any] = {key: _range(entry[key], key) for key in RANGES if key in entry}
    if "scale" in ranges and ranges["scale"][1] > 1:
        raise ValueError(f"AeonDataLoader: scale must be within 0..1, got {entry['scale']!r}")
    if "lighting" in entry:
        ranges["lighting"] = _pair(entry["lighting"], "lighting")
        if not ranges["lighting"][1] >= 0:
            raise ValueError(
                "AeonDataLoader: lighting must be [mean, standard deviation], the deviation not "
                f"negative, got {entry['lighting']!r}"
            )
    return Augmentation(**flags, **ranges)


def _kind(entry: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> str:
    kind = entry.get("type")
    if kind in GONE_TYPES:
        raise NotImplementedError(
            f"AeonDataLoader: {where}: type {kind!r} is not supported, only images and labels "
            "are; prepare such data beforehand and use ArrayIterator or HDF5Iterator"
        )
    if kind not in allowed:
        names = " or ".join(map(repr, allowed))
        raise ValueError(f"AeonDataLoader: {where}: type must be {names}, got {kind!r}")
    return str(kind)


def _dicts(entries: Any, key: str) -> list[Mapping[str, Any]]:
    if isinstance(entries, list | tuple) and all(isinstance(e, Mapping) for e in entries):
        return list(entries)
    raise ValueError(f"AeonDataLoader: config[{key!r}] must be a list of dicts, got {entries!r}")


def _check_keys(given: Any, known: Collection[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise ValueError(f"AeonDataLoader: {where} must be a dict, got {given!r}")
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            guess = f", did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"AeonDataLoader: unknown key {key!r} in {where}{guess} "
                f"(allowed: {', '.join(known)})"
            )


def _flag(given: Mapping[str, Any], key: str, default: bool = False) -> bool:
    value = given.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"AeonDataLoader: {key} must be True or False, got {value!r}")
    return value


def _positive(value: Any, key: str) -> int:
    return _whole(value, key, least=1)


def _whole(value: Any, key: str, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"AeonDataLoader: {key} must be an integer >= {least}, got {value!r}")
    return int(value)


def _fraction(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"AeonDataLoader: subset_fraction must be above 0, at most 1: {value!r}")
    return float(value)


def _range(value: Any, key: str) -> Range:
    low, high = _pair(value, key)
    if not 0 < low <= high:
        raise ValueError(f"AeonDataLoader: {key} must be [lo, hi] with 0 < lo <= hi, got {value!r}")
    return low, high


def _pair(value: Any, key: str) -> Range:
    try:
        first, second = value
        return float(first), float(second)
    except (TypeError, ValueError) as error:
        raise ValueError(f"AeonDataLoader: {key} must be two numbers, got {value!r}") from error
