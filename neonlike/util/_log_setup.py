"""Where a script's log goes (spec util 6)."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path
from typing import TextIO

FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
FILE_BYTES = 10 * 1024 * 1024
FILE_BACKUPS = 5


class _Console(logging.StreamHandler[TextIO]):
    """Our handlers have their own classes, so that a second set-up replaces the first."""


class _LogFile(logging.handlers.RotatingFileHandler):
    pass


def set_up_logging(level: int, logfile: str | None, progress_bar: bool) -> None:
    """Send the package's log to stderr and, if given, to a file.

    Args:
        level: lowest level shown.
        logfile: rotating file; its folder is created. The console then shows
            errors only, so that they do not break up the progress bar.
        progress_bar: whether there is one.
    """
    logger = logging.getLogger("neonlike")
    logger.setLevel(level)
    logger.propagate = False
    for handler in list(logger.handlers):
        if isinstance(handler, _Console | _LogFile):
            logger.removeHandler(handler)
            handler.close()
    console = _Console()
    _attach(logger, console, logging.ERROR if logfile and progress_bar else level)
    if logfile:
        Path(logfile).parent.mkdir(parents=True, exist_ok=True)
        _attach(logger, _LogFile(logfile, maxBytes=FILE_BYTES, backupCount=FILE_BACKUPS), level)


def _attach(logger: logging.Logger, handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(FORMAT))
    logger.addHandler(handler)
