"""What kernels and backends know of the memory."""

from __future__ import annotations

STREAM_BYTES = 16 << 20  # results that no cache holds until they are read again
