"""Images and labels from a manifest or a folder, in the place of the external loader aeon."""

from neonlike.data._aeon import AeonDataLoader as AeonDataLoader

__all__ = ["AeonDataLoader"]
