"""Patches of pictures, as ReNet's sweeps run over them."""

from __future__ import annotations

from typing import Any

from neonlike.backends._base import BackendBase
from neonlike.backends._exclusive import exclusive
from neonlike.kernels._types import Array, Triple


class PatchMixin(BackendBase):
    """Pictures to patches, one per column, and back."""

    @exclusive
    def image_to_patches(
        self, image: Any, patches: Any, in_shape: Triple, patch: tuple[int, int]
    ) -> None:
        """Cut pictures into patches, one per column.

        Args:
            image: tensor (C * H * W, N).
            patches: tensor (C * ph * pw, I * J * N), rows in the order C, ph, pw; where the last
                patches reach beyond the picture it is left as it is.
            in_shape: (C, H, W).
            patch: (ph, pw).
        """
        self.kernels.patch.cut(*_arrays(image, patches, in_shape, patch))

    @exclusive
    def patches_to_image(
        self,
        patches: Any,
        image: Any,
        in_shape: Triple,
        patch: tuple[int, int],
        alpha: float = 1.0,
        beta: float = 0.0,
    ) -> None:
        """``image = alpha * patches + beta * image``: the inverse of ``image_to_patches``."""
        pixels, cells = _arrays(image, patches, in_shape, patch)
        self.kernels.patch.join(cells, pixels, alpha, beta)
        if not image.is_contiguous:  # then these are a copy
            self.assign_array(image._tensor, pixels.reshape(image.shape))


def _arrays(
    image: Any, patches: Any, in_shape: Triple, patch: tuple[int, int]
) -> tuple[Array, Array]:
    """The memory as (C,H,W,N) and (C,ph,pw,I,J,N)."""
    (channels, height, width), (rows, columns) = in_shape, patch
    batch = image.shape[1]
    grid = -(-height // rows), -(-width // columns)
    pixels = image._tensor.reshape(channels, height, width, batch)
    return pixels, patches._tensor.reshape(channels, rows, columns, *grid, batch)
