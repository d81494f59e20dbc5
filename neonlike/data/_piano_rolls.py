"""Polyphonic music as sequences of chords (spec zoo 7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._sequences import Sequences
from neonlike.serialization._objects import load_obj

LOWEST, KEYS = 21, 88  # MIDI number of the first key of a piano, and how many there are
SETS = ("train", "valid", "test")
Array = NDArray[Any]


def load_piano_rolls(path: str) -> dict[str, list[Array]]:
    """Read a file of JSB Chorales, Nottingham, MuseData or Piano-midi.

    Known layouts: ``.json`` and ``.pickle`` with the sets 'train', 'valid' and 'test', each a list
    of pieces, each a list of steps, each a list of MIDI numbers 21 to 108; ``.mat`` with the
    variables traindata, validdata and testdata, each 1 x n cells of (steps, 88).

    Returns:
        For each set a list of arrays (88, steps) of zeros and ones.

    Raises:
        ValueError: another layout, or a note that no piano has.
    """
    file = Path(path).expanduser()
    if file.suffix == ".mat":
        from scipy.io import loadmat

        content = loadmat(file)
        missing = [name for name in SETS if f"{name}data" not in content]
        if missing:
            raise ValueError(f"{file} lacks the variables {', '.join(f'{m}data' for m in missing)}")
        return {
            name: [np.asarray(cell, np.float32).T for cell in content[f"{name}data"].ravel()]
            for name in SETS
        }
    if file.suffix == ".json":
        content = json.loads(file.read_text(encoding="utf-8"))
    else:
        content = load_obj(str(file))
    if not isinstance(content, dict) or any(name not in content for name in SETS):
        raise ValueError(f"{file} must hold a dictionary of the sets {', '.join(SETS)}")
    return {name: [_roll(piece, file) for piece in content[name]] for name in SETS}


def next_chords(pieces: list[Array]) -> Sequences:
    """Return pieces (88, steps) as sequences whose target is the next step, of the same piece."""
    return Sequences.of([(p[:, :-1], p[:, 1:], np.ones(p.shape[1] - 1)) for p in pieces])


def _roll(piece: Any, file: Path) -> Array:
    roll = np.zeros((KEYS, len(piece)), np.float32)
    for step, notes in enumerate(piece):
        places = np.asarray(notes, dtype=int) - LOWEST
        if places.size and not (places.min() >= 0 and places.max() < KEYS):
            raise ValueError(
                f"{file}: notes must be MIDI numbers from {LOWEST} to {LOWEST + KEYS - 1}, "
                f"got {sorted(notes)}"
            )
        roll[places, step] = 1
    return roll
