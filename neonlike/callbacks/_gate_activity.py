"""The gates of recurrent layers over one sequence, during training."""

from __future__ import annotations

from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import append_record, check_freq
from neonlike.layers._kept_states import kept_states
from neonlike.layers._state_gradients import gate_signals

GROUP = "gates"


class GateActivityCallback(Callback):
    """Write what the gates of LSTMs, GRUs and their kin do over one sequence.

    The sequence is the same every time: an example of the first minibatch of ``eval_set``. It is
    read before the training and after every ``freq``-th epoch, in inference mode, and the states
    that layers carry from minibatch to minibatch are put back afterwards. The group
    ``gates/<layer>`` of the history has a dataset per gate ("i", "f", "o" of an LSTM, "r", "z" of
    a GRU, "i→" and so on of layers with several directions): (units, T, records), of a ReNet
    (units, I, J, records). ``gates/epochs`` has how many epochs were done at each record.

    Args:
        eval_set: data set.
        freq: record after every ``freq``-th epoch.
        example: column of the minibatch.

    Raises:
        ValueError: ``freq`` is below 1; when training begins: no layer of the model has gates, or
            the minibatch has no such example.
    """

    def __init__(self, eval_set: Any, freq: int = 1, example: int = 0) -> None:
        super().__init__(epoch_freq=check_freq(self, freq))
        self.eval_set = eval_set
        self.freq = freq
        self.example = example

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Take a copy of the minibatch, and look at the gates before the training."""
        if not 0 <= self.example < self.be.bsz:
            raise ValueError(
                f"GateActivityCallback: example must be from 0 to {self.be.bsz - 1}, the last one "
                f"of a minibatch, got {self.example}"
            )
        self.eval_set.reset()
        self._inputs = _copied(next(iter(self.eval_set))[0])
        self.eval_set.reset()
        callback_data.create_group(GROUP)
        self._record(callback_data, model, 0)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Look at the gates after the epoch."""
        self._record(callback_data, model, epoch + 1)

    def _record(self, callback_data: Any, model: Any, epochs: int) -> None:
        layers = list(model.layers.layers_fprop())
        with kept_states(layers):
            model.fprop(self._inputs, inference=True)
            found = {layer.name: gates for layer in layers if (gates := gate_signals(layer))}
            if not found:
                raise ValueError(
                    f"GateActivityCallback: no layer of {model.name!r} has gates; use it for "
                    "models with layers such as LSTM, GRU, BiLSTM, LSTM97, LSTMVariant or ReNet"
                )
            group = callback_data[GROUP]
            append_record(group, "epochs", epochs)
            for name, gates in found.items():
                for gate, values in gates.items():
                    append_record(group, f"{name}/{gate}", values[..., self.example])


def _copied(inputs: Any) -> Any:
    """A copy of a minibatch's inputs: a tensor, or a list of them."""
    if isinstance(inputs, list | tuple):
        return [_copied(part) for part in inputs]
    copy = inputs.backend.empty_like(inputs)
    copy[:] = inputs
    return copy
