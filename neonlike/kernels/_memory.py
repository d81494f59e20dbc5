"""What kernels and backends know of the memory."""

from __future__ import annotations

STREAM_BYTES = 16 << 20  # results that no cache holds until they are read again
GUARD_BYTES = 64 << 10  # between what threads write, for cores fetch ahead of their own thread
