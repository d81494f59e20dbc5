"""Index of a folder of images."""

from neonlike.data._files import Indexer as Indexer

__all__ = ["Indexer"]
