"""Convert an old data cache in place (spec util 3.7): ``update_dataset_cache FILE``."""

from __future__ import annotations

import argparse

import numpy as np

from neonlike.serialization._objects import load_obj, save_obj


def convert(cache_file: str) -> None:
    """Replace the mean image in a data cache by one mean per channel, channels reversed.

    Args:
        cache_file: pickle of a dict with 'global_mean' ``(3*s*s, 1)`` and 'img_size' s;
            overwritten.

    Raises:
        ValueError: the file has other keys or another shape.
    """
    cache = load_obj(cache_file)
    if not isinstance(cache, dict) or not {"global_mean", "img_size"} <= cache.keys():
        raise ValueError(f"{cache_file}: expected a dict with 'global_mean' and 'img_size'")
    mean, size = np.asarray(cache["global_mean"]), int(cache["img_size"])
    if mean.shape != (3 * size * size, 1):
        raise ValueError(
            f"{cache_file}: global_mean must be of shape {(3 * size * size, 1)}, got {mean.shape}"
        )
    cache["global_mean"] = mean.reshape(3, -1).mean(axis=1, keepdims=True)[::-1]
    save_obj(cache, cache_file)


def main() -> None:
    """Convert the file named on the command line."""
    parser = argparse.ArgumentParser(description="convert an old data cache")
    parser.add_argument("cache_file", help="pickle to convert in place")
    convert(parser.parse_args().cache_file)


if __name__ == "__main__":
    main()
