"""Pictures with the boxes of objects drawn into them, and sheets of such pictures."""

from pathlib import Path

import numpy as np

COLOURS = ("#ff4136", "#2ecc40", "#0074d9", "#ffdc00", "#f012be", "#7fdbff", "#ff851b", "#b10dc9")
DARK = "#0074d9", "#b10dc9"  # white letters on these


def draw_objects(picture, objects, names, scale=4, truth=None):
    """Return the picture, enlarged, with the boxes of objects.

    Args:
        picture: uint8 (3, height, width), RGB.
        objects: ``Objects`` or ``Found``; the latter with their scores.
        names: of all classes, the background first.
        scale: how many times larger.
        truth: further ``Objects``, drawn thin in white: what was to be found.

    Returns:
        A picture of Pillow.
    """
    from PIL import Image, ImageDraw

    image = Image.fromarray(np.ascontiguousarray(np.moveaxis(picture, 0, -1)))
    image = image.resize((scale * image.width, scale * image.height), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    for box in [] if truth is None else truth.boxes:
        pen.rectangle(_corners(box, scale, image.size), outline="white")
    scores = getattr(objects, "scores", [None] * len(objects))
    labels = []
    for box, kind, score in zip(objects.boxes, objects.classes, scores, strict=True):
        colour = COLOURS[(kind - 1) % len(COLOURS)]
        corners = _corners(box, scale, image.size)
        pen.rectangle(corners, outline=colour, width=2)
        labels.append(
            (corners, names[kind] if score is None else f"{names[kind]} {score:.2f}", colour)
        )
    _write_labels(pen, labels, image.size)
    return image


def _write_labels(pen, labels, size):
    """Write the text of each (corners, text, colour) by its box, inside the picture, all apart."""
    taken = []
    for (x0, y0, _, y1), text, colour in labels:
        _, _, width, height = pen.textbbox((0, 0), text)
        x = max(min(x0, size[0] - 1 - width), 0)
        for y in (y0 - height - 1, y1 + 1, y0 + 2, y1 - height - 2):  # above, below, inside
            y = max(min(y, size[1] - 1 - height), 0)
            area = x, y, x + width, y + height
            if not any(_meet(area, other) for other in taken):
                break
        taken.append(area)
        pen.rectangle(area, fill=colour)
        pen.text((x, y), text, fill="white" if colour in DARK else "black")


def _meet(a, b):
    """Whether two rectangles have a point in common."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _corners(box, scale, size):
    """Return the corners in pixels of the enlarged picture, ordered and within it."""
    limits = np.array([*size, *size]) - 1
    x0, y0, x1, y1 = np.clip(np.rint(scale * np.asarray(box)), 0, limits).tolist()
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def save_sheet(path, images, columns=4):
    """Write images of one size in rows of ``columns`` to a file, and make its folder."""
    from PIL import Image

    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + 4) - 4, rows * (height + 4) - 4), "white")
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        sheet.paste(image, (column * (width + 4), row * (height + 4)))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
