"""``Callbacks``: the list of callbacks of one training run (spec training 8.1)."""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import signal
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neonlike._logging import display
from neonlike._object import NervanaObject, check_count
from neonlike.callbacks._callback_list import CallbackList
from neonlike.callbacks._checkpoint import CheckpointCallback
from neonlike.callbacks._deconv import DeconvCallback
from neonlike.callbacks._early_stop import EarlyStopCallback
from neonlike.callbacks._gate_activity import GateActivityCallback
from neonlike.callbacks._grad_flow import GradFlowCallback
from neonlike.callbacks._hist import HistCallback
from neonlike.callbacks._logging import RunTimerCallback, TrainLoggerCallback
from neonlike.callbacks._loss import LossCallback
from neonlike.callbacks._metric import MetricCallback
from neonlike.callbacks._progress import ProgressBarCallback
from neonlike.callbacks._recurrent_matrix import RecurrentMatrixCallback
from neonlike.callbacks._serialize import SaveBestStateCallback, SerializeModelCallback
from neonlike.callbacks._ticker import WatchTickerCallback
from neonlike.callbacks._train_cost import TrainCostCallback, TrainMulticostCallback
from neonlike.serialization._description import check_objects
from neonlike.util.persist import load_class, load_obj

if TYPE_CHECKING:
    from typing import Self

logger = logging.getLogger(__name__)
FilePath = str | os.PathLike[str]


class Callbacks(CallbackList):
    """The callbacks of one training run, and its history in an HDF5 file.

    Order: loss (if ``eval_freq``), training cost, progress line, metric,
    snapshots, log, timer; then whatever is added. Make a new object for each
    ``fit``: the history is closed at the end of training.

    Ctrl-C lets the current minibatch finish, saves the model to ``save_path``
    if there is one (to go on with the next epoch), runs the closing callbacks
    and raises KeyboardInterrupt; a second Ctrl-C stops at once.

    Args:
        model: the model.
        train_set: deprecated, ignored.
        output_file: path of the history; None keeps it in memory.
        eval_freq: evaluate loss and metric every so many epochs.
        progress_bar: show the progress line.
        save_path: path of snapshots.
        serialize: snapshot every so many epochs.
        history: number of older snapshots to keep.
        model_file: load this file before training.
        eval_set: data set for loss and metric.
        metric: instance of a metric.
        log_token: ignored.
        multicost: record all branches of a Multicost.
        checkpoint: path of checkpoints, from which a run that was cut off
            continues exactly; see ``CheckpointCallback``.
        checkpoint_freq: save one after every so many minibatches, not only
            after every epoch.
        resume: continue from ``checkpoint`` if there is such a file.
        dry_run: train and evaluate on two minibatches, save nothing.

    Attributes:
        callback_data: the HDF5 file (spec training 8.4 lists its content).
        callbacks: the list.
        epoch_marker: minibatches done in completed epochs.

    Raises:
        TypeError: eval_freq, serialize or history is no whole number.
        ValueError: one of them is negative, eval_freq without eval_set, or resume without
            checkpoint.
    """

    def __init__(
        self,
        model: Any,
        train_set: Any = None,
        output_file: FilePath | None = None,
        eval_freq: int | None = None,
        progress_bar: bool = True,
        save_path: FilePath | None = None,
        serialize: int = 0,
        history: int = 1,
        model_file: FilePath | None = None,
        eval_set: Any = None,
        metric: Any = None,
        log_token: Any = None,
        multicost: bool = False,
        checkpoint: FilePath | None = None,
        checkpoint_freq: int | None = None,
        resume: bool = False,
        dry_run: bool = False,
    ) -> None:
        super().__init__(dry_run)
        if train_set is not None:
            logger.warning("Callbacks ignores its argument train_set, which is deprecated")
        _check_counts(eval_freq=eval_freq or 0, serialize=serialize, history=history)
        if eval_freq and eval_set is None:
            raise ValueError("Evaluation frequency specified but no eval set provided!")
        if resume and not checkpoint:
            raise ValueError("resume=True needs checkpoint=PATH, the file to continue from")
        self.model = weakref.ref(model)
        if dry_run:
            model.dry_run = True
        self.output_file = None if output_file is None else os.fspath(output_file)
        self.resume_from = checkpoint if resume else None
        self.save_path = save_path
        self.model_file = model_file
        self.callback_data = self._open_history()
        self._interrupted = False
        self._old_handler: Any = None
        if eval_freq:
            self.add_callback(LossCallback(eval_set, eval_freq))
        self.add_callback(TrainMulticostCallback() if multicost is True else TrainCostCallback())
        if progress_bar:
            self.add_callback(ProgressBarCallback())
        if eval_freq and metric:
            self.add_callback(MetricCallback(eval_set, metric, eval_freq))
        if save_path:
            self.add_callback(SerializeModelCallback(save_path, max(serialize, 1), history))
        self.add_callback(TrainLoggerCallback())
        self.add_callback(RunTimerCallback())
        if checkpoint:
            self.add_callback(CheckpointCallback(checkpoint, minibatch_freq=checkpoint_freq))

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # half-built object, or interpreter shutdown
            self.callback_data.close()
        super().__del__()

    # ------------------------------------------------------------ building --

    def add_deconv_callback(
        self, train_set: Any, valid_set: Any, max_fm: int = 16, dataset_pct: float = 25
    ) -> None:
        """Append a ``DeconvCallback``."""
        self.add_callback(DeconvCallback(train_set, valid_set, max_fm, dataset_pct))

    def add_save_best_state_callback(self, path: FilePath) -> None:
        """Append a ``SaveBestStateCallback``."""
        self.add_callback(SaveBestStateCallback(path))

    def add_watch_ticker_callback(self, valid: Any) -> None:
        """Append a ``WatchTickerCallback``."""
        self.add_callback(WatchTickerCallback(self.model(), valid))

    def add_early_stop_callback(self, stop_func: Callable[[Any, float], tuple[Any, bool]]) -> None:
        """Append an ``EarlyStopCallback``."""
        self.add_callback(EarlyStopCallback(stop_func))

    def add_hist_callback(self, plot_per_mini: bool = False, filter_key: list[str] = ["W"]) -> None:
        """Append a ``HistCallback``."""
        self.add_callback(HistCallback(plot_per_mini, filter_key))

    def add_grad_flow_callback(self, freq: int = 1) -> None:
        """Append a ``GradFlowCallback``."""
        self.add_callback(GradFlowCallback(freq))

    def add_gate_activity_callback(self, eval_set: Any, freq: int = 1, example: int = 0) -> None:
        """Append a ``GateActivityCallback``."""
        self.add_callback(GateActivityCallback(eval_set, freq, example))

    def add_recurrent_matrix_callback(self, freq: int = 1) -> None:
        """Append a ``RecurrentMatrixCallback``."""
        self.add_callback(RecurrentMatrixCallback(freq))

    # --------------------------------------------------------- description --

    def get_description(self, skip: list[str] = [], **kwargs: Any) -> dict[str, Any]:
        """Describe the container: epoch_marker, output_file, callbacks."""
        return {
            "epoch_marker": self.epoch_marker,
            "output_file": self.output_file,
            "callbacks": [callback.get_description() for callback in self.callbacks],
        }

    def serialize(self) -> dict[str, Any]:
        """Return the description."""
        return self.get_description()

    @classmethod
    def load_callbacks(cls, cdict: Any, model: Any, data: Any = []) -> Self:
        """Build a container from its description.

        Args:
            cdict: description, or path of a file that holds it.
            model: the model.
            data: data sets, found by their ``name``.
        """
        if isinstance(cdict, str | os.PathLike):
            cdict = load_obj(cdict)
        check_objects(cdict["callbacks"], "callbacks")
        container = cls(model, output_file=cdict["output_file"])
        container.epoch_marker = cdict["epoch_marker"]
        by_name = {iterator.name: iterator for iterator in data}
        container.callbacks = [_rebuild(each, model, by_name) for each in cdict["callbacks"]]
        return container

    # --------------------------------------------------------------- hooks --

    def on_train_begin(self, epochs: int) -> None:
        """Prepare the history, load ``model_file``, then run the callbacks.

        Raises:
            ValueError: the object was used for a training run already.
        """
        if not self.callback_data:
            raise ValueError(
                "these Callbacks have finished their training run: make a new Callbacks object "
                "for each fit"
            )
        model = self._living_model()
        config = self.callback_data.create_group("config")
        config.attrs["total_minibatches"] = -(-model.ndata // self.be.bsz) * epochs
        config.attrs["total_epochs"] = epochs
        markers = self.callback_data.create_group("time_markers")
        markers.create_dataset("minibatch", (epochs,), dtype=np.float32)
        if self.model_file:
            model.load_params(self.model_file)
        self._load_checkpoint(model)
        if self.dry_run:
            self._limit_data_sets()
        self._catch_sigint()
        try:
            for callback in self._active():
                callback.on_train_begin(self.callback_data, model, epochs)
        except BaseException:
            self.abort()
            raise

    def on_train_end(self) -> None:
        """Run the callbacks and close the history."""
        self._release_sigint()
        model = self.model()
        for callback in self._active():
            callback.on_train_end(self.callback_data, model)
        self.callback_data.close()
        if self.dry_run:
            display(logger, "Dry run: everything worked on two minibatches, nothing was saved")

    def abort(self) -> None:
        """Close the history of a training run that broke off, without the callbacks."""
        self._release_sigint()
        self.callback_data.close()

    def on_epoch_begin(self, epoch: int) -> None:
        """Run the callbacks whose ``epoch_freq`` asks for it."""
        self.epoch_minibatches = 0
        self._fire(self._active(), "on_epoch_begin", "epoch_freq", epoch)

    def on_epoch_end(self, epoch: int) -> None:
        """Run the callbacks, then mark the epoch in the history."""
        first, last = self._active_in_groups()
        self._fire(first, "on_epoch_end", "epoch_freq", epoch)
        self.epoch_marker += self.epoch_minibatches
        markers = self.callback_data["time_markers"]
        markers["minibatch"][epoch] = self.epoch_marker
        markers.attrs["epochs_complete"] = epoch + 1
        markers.attrs["minibatches_complete"] = self.epoch_marker
        self.callback_data.flush()
        self._fire(last, "on_epoch_end", "epoch_freq", epoch)
        self._stop_if_interrupted()

    def on_minibatch_begin(self, epoch: int, minibatch: int) -> None:
        """Run the callbacks whose ``minibatch_freq`` asks for it."""
        self._fire(self._active(), "on_minibatch_begin", "minibatch_freq", epoch, minibatch)

    def on_minibatch_end(self, epoch: int, minibatch: int) -> None:
        """Run the callbacks whose ``minibatch_freq`` asks for it."""
        first, last = self._active_in_groups()
        self._fire(first, "on_minibatch_end", "minibatch_freq", epoch, minibatch)
        self.epoch_minibatches += 1
        self._fire(last, "on_minibatch_end", "minibatch_freq", epoch, minibatch)
        self._stop_if_interrupted()

    def on_sigint_catch(self, epoch: Any, minibatch: Any) -> None:
        """Handle Ctrl-C: remember it until the minibatch is done (arguments: signal and frame)."""
        self._release_sigint()
        self._interrupted = True
        display(logger, "Interrupted: stopping after this minibatch (Ctrl-C again: at once)")

    # ------------------------------------------------------------ internals --

    def _open_history(self) -> Any:
        from neonlike.callbacks._history_file import HistoryFile  # h5py takes a moment

        if self.output_file is None or self.dry_run:
            return HistoryFile(self.name, "w", driver="core", backing_store=False)
        path = Path(os.path.expandvars(self.output_file)).expanduser()
        if path.exists():
            logger.warning("%s exists already and is overwritten", path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return HistoryFile(path, "w")

    def _living_model(self) -> Any:
        model = self.model()
        if model is None:
            raise ReferenceError("the model of these Callbacks does not exist any more")
        return model

    def _load_checkpoint(self, model: Any) -> None:
        if self.resume_from is None:
            return
        path = Path(os.path.expandvars(self.resume_from)).expanduser()
        if path.exists():
            model.resume(path)
        else:
            logger.warning(
                "there is no checkpoint %s yet: training starts from the beginning", path
            )

    def _catch_sigint(self) -> None:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python forbids it
            self._old_handler = signal.signal(signal.SIGINT, self.on_sigint_catch)

    def _release_sigint(self) -> None:
        if self._old_handler is not None:
            signal.signal(signal.SIGINT, self._old_handler)
            self._old_handler = None

    def _stop_if_interrupted(self) -> None:
        if not self._interrupted:
            return
        self._interrupted = False
        if self.save_path:
            self._living_model().serialize(fn=self.save_path, keep_states=True)
        self.on_train_end()
        if self.save_path:
            raise KeyboardInterrupt(f"Checkpoint file saved to {self.save_path}")
        raise KeyboardInterrupt


def _check_counts(**counts: Any) -> None:
    for argument, count in counts.items():
        check_count("Callbacks", argument, count, least=0)


def _rebuild(description: Mapping[str, Any], model: Any, data: Mapping[str, Any]) -> Any:
    cls = load_class(description["type"])
    config = dict(description["config"])
    for key, value in config.items():
        if isinstance(value, dict) and value.get("type") == "Data":
            config[key] = data.get(value["name"], value)
        else:
            config[key] = NervanaObject.recursive_gen(config, key)
    if "model" in inspect.signature(cls.__init__).parameters:
        config["model"] = model
    return cls(**config)
