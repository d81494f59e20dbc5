"""Photos with objects, in a folder laid out as those of the PASCAL VOC challenge.

    FOLDER/ImageSets/Main/trainval.txt     names, one in each line
    FOLDER/JPEGImages/NAME.jpg
    FOLDER/Annotations/NAME.xml            <object> with <name>, <bndbox> and maybe <difficult>

Photos are read when they are wanted and brought to one size, their boxes with them.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from detection.objects import Objects

CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)


class VOCPictures:
    """The photos of one list, resized, with their objects; stands for ``DetectionPictures``.

    Args:
        folder: with ImageSets, JPEGImages and Annotations, such as VOCdevkit/VOC2007.
        part: name of the list: 'train', 'val', 'trainval' or 'test'.
        size: (height, width) in which pictures and boxes are given.
        names: of the classes, the background first.

    Raises:
        FileNotFoundError: the list or an annotation is missing.
        ValueError: an annotation cannot be read, or has a class without name here.
    """

    def __init__(self, folder, part, size, names=CLASSES):
        self.folder = Path(folder)
        self.shape = (3, *size)
        self.names = tuple(names)
        listed = self.folder / "ImageSets" / "Main" / f"{part}.txt"
        if not listed.is_file():
            raise FileNotFoundError(
                f"{listed}: no such file; expected a folder laid out as PASCAL VOC's, with the "
                f"names of its photos in ImageSets/Main/{part}.txt"
            )
        self.files = listed.read_text(encoding="utf-8").split()
        if not self.files:
            raise ValueError(f"{listed}: names no photos")
        self.objects = [self._read(self.folder / "Annotations" / f"{n}.xml") for n in self.files]

    def __len__(self):
        return len(self.files)

    def picture(self, index):
        """Return one picture, uint8 (3, height, width)."""
        return read_photo(self.folder / "JPEGImages" / f"{self.files[index]}.jpg", self.shape)[0]

    def _read(self, file):
        """Return the objects of an annotation, their boxes as in the resized photo."""
        try:
            tree = ElementTree.parse(file).getroot()
            width, height = (float(tree.findtext(f"size/{side}")) for side in ("width", "height"))
            scale = np.array([self.shape[2] / width, self.shape[1] / height] * 2)
            items = tree.findall("object")
            corners = [_corners(item.find("bndbox")) for item in items]
            kinds = [item.findtext("name").strip() for item in items]
            difficult = [item.findtext("difficult", "0").strip() == "1" for item in items]
        except (SyntaxError, AttributeError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ValueError(
                f"{file}: not an annotation of PASCAL VOC: it needs size/width, size/height, and "
                f"in each object name, bndbox/xmin, ymin, xmax, ymax ({error})"
            ) from error
        strangers = sorted(set(kinds) - set(self.names[1:]))
        if strangers:
            raise ValueError(
                f"{file}: has {', '.join(strangers)}, but the classes are "
                f"{', '.join(self.names[1:])}; name them with --classes"
            )
        boxes = np.reshape(corners, (-1, 4)) * scale
        return Objects.of(boxes, [self.names.index(kind) for kind in kinds], difficult)


def _corners(box):
    """Return the edges of a box whose pixels are counted from 1, the last included."""
    x0, y0, x1, y1 = (float(box.findtext(side)) for side in ("xmin", "ymin", "xmax", "ymax"))
    return x0 - 1, y0 - 1, x1, y1


def read_photo(path, shape):
    """Return a photo resized to ``shape`` (3, height, width), uint8, and its own width and height.

    Raises:
        ValueError: no readable picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((shape[2], shape[1]), Image.Resampling.BILINEAR)
            return np.ascontiguousarray(np.moveaxis(np.asarray(small), -1, 0)), image.size
    except (OSError, UnidentifiedImageError) as error:
        raise ValueError(f"{path}: no readable picture ({error})") from error
