"""Photos from folders, cropped and flipped as ImageNet networks want them.

    IMAGES/train/CLASS/*.jpg      one folder per class
    IMAGES/val/CLASS/*.jpg

ILSVRC 2012 has 1.28 million photos of 1000 classes (image-net.org, on request). Any other photos
in such folders do as well.
"""

from pathlib import Path

import numpy as np

from neonlike.data.aeon_shim import AeonDataLoader
from neonlike.data.dataloader_transformers import BGRMeanSubtract, OneHot, TypeCast

SIZE = 224


def count_classes(images):
    """Return the number of folders in ``images/train``."""
    train = Path(images, "train")
    if not train.is_dir():
        raise SystemExit(f"{train} is no folder; it should hold one folder of photos per class")
    return sum(folder.is_dir() for folder in train.iterdir())


def loader(images, part, nclass, size=SIZE, augment=False, subtract_mean=True):
    """Return an iterator over the photos of a part, one-hot targets.

    Args:
        images: the folder above.
        part: 'train' or 'val'.
        nclass: number of classes.
        size: height and width of the crops.
        augment: random crops, flips and colours; otherwise the middle of the photo.
        subtract_mean: subtract the means of the colours over ImageNet.
    """
    changes = {"type": "image", "flip_enable": True, "center": False, "scale": [0.4, 1.0]}
    config = {
        "image_folder": str(Path(images, part)),
        "shuffle_enable": augment,
        "etl": [{"type": "image", "height": size, "width": size}, {"type": "label"}],
        "augmentation": [changes if augment else {"type": "image", "center": True}],
    }
    photos = TypeCast(AeonDataLoader(config), index=0, dtype=np.float32)
    if subtract_mean:
        photos = BGRMeanSubtract(photos, index=0)
    return OneHot(photos, index=1, nclasses=nclass)


def draw_photos(folder, nclass, count, size=64):
    """Draw coloured noise, a colour per class, for trying a script without photos."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for number in range(nclass):
            place = Path(folder, part, f"class{number}")
            place.mkdir(parents=True)
            colour = rng.uniform(40, 215, 3)
            for index in range(count):
                pixels = np.clip(rng.normal(colour, 40, (size, size, 3)), 0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{index}.png")
    return str(folder)
