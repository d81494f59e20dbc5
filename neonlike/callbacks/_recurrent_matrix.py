"""The matrices that lead recurrent layers from step to step, during training."""

from __future__ import annotations

from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import append_record, check_freq
from neonlike.layers._recurrent_matrices import (
    recurrent_blocks,
    recurrent_matrices,
    singular_values_by_block,
    spectral_radii,
)

GROUP = "recurrent_matrices"


class RecurrentMatrixCallback(Callback):
    """Write singular values and spectral radius of all recurrent matrices.

    They are taken before the training and after every ``freq``-th epoch. The group
    ``recurrent_matrices/<layer>`` of the history has ``singular_values`` (matrices, units,
    records), falling, and ``spectral_radius`` (matrices, records); its attribute ``matrices`` names
    the matrices, with commas: one per gate and direction. ``recurrent_matrices/epochs`` has how
    many epochs were done at each record.

    Args:
        freq: record after every ``freq``-th epoch.

    Raises:
        ValueError: ``freq`` is below 1; when training begins: no layer of the model has square
            recurrent matrices.
    """

    def __init__(self, freq: int = 1) -> None:
        super().__init__(epoch_freq=check_freq(self, freq))
        self.freq = freq

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Find the layers, and take the matrices as they are initialized."""
        self._layers = [layer for layer in model.layers_to_optimize if recurrent_matrices(layer)]
        if not self._layers:
            raise ValueError(
                f"RecurrentMatrixCallback: no layer of {model.name!r} has recurrent weights that "
                "are square matrices; use it for models with layers such as Recurrent, LSTM, GRU, "
                "BiRNN or ReNet"
            )
        group = callback_data.create_group(GROUP)
        for layer in self._layers:
            names = ",".join(recurrent_blocks(layer))
            group.create_group(layer.name).attrs["matrices"] = names
        self._record(callback_data, 0)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Take the matrices as the epoch has left them."""
        self._record(callback_data, epoch + 1)

    def _record(self, callback_data: Any, epochs: int) -> None:
        group = callback_data[GROUP]
        append_record(group, "epochs", epochs)
        for layer in self._layers:
            blocks = recurrent_blocks(layer)
            append_record(group[layer.name], "singular_values", singular_values_by_block(blocks))
            append_record(group[layer.name], "spectral_radius", spectral_radii(blocks))
