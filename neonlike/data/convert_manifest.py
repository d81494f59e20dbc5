"""Conversion of old manifests."""

from neonlike.data._files import convert_manifest as convert_manifest

__all__ = ["convert_manifest"]
