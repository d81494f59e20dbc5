"""The opcodes of a pickle, walked without running any of them."""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Iterator

STOP = ord(".")
GLOBAL = ord("c")

# how the argument of an opcode ends: >= 0 its size, else one of these
_LINE, _TWO_LINES, _UNKNOWN = -100, -200, -300
_PREFIX = {  # a length of so many bytes, then the content
    pickletools.TAKEN_FROM_ARGUMENT1: -1,
    pickletools.TAKEN_FROM_ARGUMENT4: -4,
    pickletools.TAKEN_FROM_ARGUMENT4U: -4,
    pickletools.TAKEN_FROM_ARGUMENT8U: -8,
}


def _argument_sizes() -> list[int]:
    sizes = [_UNKNOWN] * 256
    for opcode in pickletools.opcodes:
        if opcode.arg is None:
            size = 0
        elif opcode.arg.name == "stringnl_noescape_pair":
            size = _TWO_LINES
        elif opcode.arg.n == pickletools.UP_TO_NEWLINE:
            size = _LINE
        else:
            size = _PREFIX.get(opcode.arg.n, opcode.arg.n)
        sizes[ord(opcode.code)] = size
    return sizes


_SIZES = _argument_sizes()


def walk(data: bytes, wanted: frozenset[int]) -> Iterator[tuple[int, int, int]]:
    """Yield ``(code, start, stop)`` of each opcode in ``wanted``, and of the final STOP.

    Raises:
        pickle.UnpicklingError: unknown opcode, or an argument longer than the file.
    """
    position, end = 0, len(data)
    while position < end:
        start, code = position, data[position]
        size = _SIZES[code]
        position += 1
        if size >= 0:
            position += size
        elif size == _LINE:
            position = _after_line(data, position)
        elif size == _TWO_LINES:
            position = _after_line(data, _after_line(data, position))
        elif size == _UNKNOWN:
            raise pickle.UnpicklingError(f"byte {start} ({code:#04x}) is no pickle opcode")
        else:
            content = position - size
            position = content + int.from_bytes(data[position:content], "little")
        if position > end:
            break
        if code in wanted or code == STOP:
            yield code, start, position
            if code == STOP:
                return
    raise pickle.UnpicklingError(f"it ends after {end} bytes, in the middle of its content")


def _after_line(data: bytes, position: int) -> int:
    newline = data.find(b"\n", position)
    return newline + 1 if newline >= 0 else len(data) + 1
