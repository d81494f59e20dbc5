"""TensorBoard's event files.

A file is a sequence of records: length (uint64), masked CRC of these bytes
(uint32), message, masked CRC of it. The messages are protocol buffers:
``Event`` {1 wall_time double, 2 step int64, 3 file_version text, 5 summary},
``Summary`` {repeated 1 value}, ``Value`` {1 tag text, 2 simple_value float}.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

POLYNOMIAL = 0x82F63B78  # CRC-32C, lowest bit first
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5  # wire types


class EventFile:
    """Write numbers over steps.

    Args:
        folder: made if it does not exist; the file in it gets a new name.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}.{os.getpid()}"
        number = sum(1 for path in folder.iterdir() if path.name.startswith(name))
        # unbuffered: TensorBoard shows a running training
        self._file = (folder / f"{name}.{number}").open("wb", buffering=0)
        self._write(_field(3, BYTES, _bytes(b"brain.Event:2")))

    def add(self, values: Mapping[str, float], step: int) -> None:
        """Write values by tag."""
        summary = b"".join(
            _field(1, BYTES, _bytes(_field(1, BYTES, _bytes(tag.encode())) + _float(2, value)))
            for tag, value in values.items()
        )
        self._write(_field(2, VARINT, _varint(step)) + _field(5, BYTES, _bytes(summary)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, message: bytes) -> None:
        message = _field(1, DOUBLE, struct.pack("<d", time.time())) + message
        length = struct.pack("<Q", len(message))
        self._file.write(length + masked_crc(length) + message + masked_crc(message))


def masked_crc(data: bytes) -> bytes:
    """Return the CRC-32C, rotated by 15 bits plus a constant, as four bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _table()[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


@functools.cache
def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


def _field(number: int, wire_type: int, content: bytes) -> bytes:
    return _varint(number << 3 | wire_type) + content


def _float(number: int, value: float) -> bytes:
    return _field(number, FLOAT, struct.pack("<f", value))


def _bytes(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits per byte, lowest first; the highest bit tells that more follow."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
