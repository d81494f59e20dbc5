"""One line that tells how far a training is, for those who wait at a terminal."""

import sys


def show(text):
    """Write the line anew."""
    if sys.stdout.isatty():
        print(f"\r{text}", end="", flush=True)


def done():
    """End the line."""
    if sys.stdout.isatty():
        print()
