"""Objects in photos of any size, told and drawn."""

import numpy as np
from detection.drawing import draw_objects
from detection.objects import Found
from detection.voc import read_photo


def find_in_photos(photos, shape, find, names, out):
    """Print what is in each photo and where, in its pixels, and write the photos with boxes.

    Args:
        photos: their paths.
        shape: (3, height, width) that the network sees.
        find: function of a picture of this shape, uint8, that returns what was ``Found``.
        names: of the classes, the background first.
        out: folder of the pictures, made if need be.
    """
    out.mkdir(parents=True, exist_ok=True)
    for path in photos:
        small, (width, height) = read_photo(path, shape)
        found = find(small)
        scale = np.array([width / shape[2], height / shape[1]] * 2, np.float32)
        found = Found(found.boxes * scale, found.classes, found.scores)
        print(f"{path}: {len(found)} found")
        for box, kind, score in zip(found.boxes, found.classes, found.scores, strict=True):
            print(f"  {names[kind]} {score:.2f} at {' '.join(f'{edge:.0f}' for edge in box)}")
        pixels, _ = read_photo(path, (3, height, width))
        enlarged = max(1, round(512 / max(width, height)))
        draw_objects(pixels, found, names, enlarged).save(out / f"{path.stem}.png")
