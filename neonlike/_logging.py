"""Logging with neon's extra level ``DISPLAY`` (spec util_cli_persistence 1)."""

from __future__ import annotations

import logging
from typing import Any

DISPLAY_LEVEL_NUM = 41


def display(self: logging.Logger, message: object, *args: Any, **kwargs: Any) -> None:
    """Log ``message`` at the DISPLAY level: above ERROR, so that it is shown by default."""
    if self.isEnabledFor(DISPLAY_LEVEL_NUM):
        self._log(DISPLAY_LEVEL_NUM, message, args, **kwargs)


def install() -> logging.Logger:
    """Register the level and ``Logger.display``; return the package logger."""
    logging.addLevelName(DISPLAY_LEVEL_NUM, "DISPLAY")
    logging.Logger.display = display  # type: ignore[attr-defined]  # neon's API: logger.display(...)
    logging.basicConfig(level=logging.ERROR)
    return logging.getLogger("neonlike")
