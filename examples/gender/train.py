#!/usr/bin/env python
"""Train a network to repeat the gender annotation of face photos.

    python train.py                                         renet on synthetic faces
    python train.py --network cnn --epochs 20
    python train.py --source folder:PATH --folds 5          PATH/{female,male}/*.jpg
    python train.py --source imdb-wiki:PATH --network birnn

The label of a photo is what the data set's annotation says: metadata, not a fact
about the identity of the person. The exercise is binary classification.

Everything a run leaves is in runs/NAME: report.html to look at, the history as
history.h5 and history.csv, the checkpoints, the predictions and the options.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from data import GenderData
from networks import NETWORKS
from options import make_parser, open_data, parse, with_batch_size, with_own_files
from outcome import Outcome, pooled
from run_folder import choose_run_folder, describe_run, plain_errors, start_run
from run_report import write_folds_report, write_report

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callback, Callbacks, CsvHistoryCallback
from neonlike.layers import GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Misclassification
from neonlike.util.argparser import extract_valid_args
from neonlike.visualizations import count_parameters

WITHOUT_STEPS = "mlp", "cnn"  # networks without recurrent layers
SAMPLE = 500  # training images whose error is watched beside the validation error


class BestModel(Callback):
    """After each epoch watch the training error, and keep the model that validates best."""

    def __init__(self, path: Path, train_sample: Any, epoch_freq: int) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.path = path
        self.train_sample = train_sample
        self.best = (float("inf"), float("inf"))
        self.best_epoch = 0

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Make room for one value per epoch, beside those of the other metrics."""
        data = callback_data.create_dataset(
            "metrics/TrainError", (epochs // self.epoch_freq,), "f4"
        )
        data.attrs["time_markers"] = "epoch_freq"
        data.attrs["epoch_freq"] = self.epoch_freq

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Compare the epoch with the best one; equal errors are told apart by the cost."""
        index = epoch // self.epoch_freq
        error = model.eval(self.train_sample, metric=Misclassification())
        callback_data["metrics/TrainError"][index] = float(error)
        now = (callback_data["metrics/Top1Misclass"][index], callback_data["cost/loss"][index])
        if now < self.best:
            self.best, self.best_epoch = now, epoch + 1
            model.save_params(str(self.path))


def train_network(
    network: str, data: GenderData, folder: Path, args: argparse.Namespace
) -> Outcome:
    """Train one network, test its best epoch, and write everything into the run's folder."""
    args = with_batch_size(args, data)
    gen_backend(**extract_valid_args(args, gen_backend))
    train, valid, test = data.iterators()

    model = Model(layers=NETWORKS[network]())
    cost = GeneralizedCost(costfunc=CrossEntropyMulti())
    optimizer = Adam(learning_rate=args.learning_rate)
    model.initialize(train, cost)  # a network that does not fit the images says so here

    start_run(folder)
    checkpoints = folder / "checkpoints"
    describe_run(folder, args, network=network, data=data.title, size=data.size, mean=data.mean())
    files = {
        "output_file": args.output_file or str(folder / "history.h5"),
        "save_path": args.save_path or str(checkpoints / "last.prm"),
    }
    callbacks = Callbacks(
        model, eval_set=valid, metric=Misclassification(), **(args.callback_args | files)
    )
    sample = data.iterator("train", max(SAMPLE, args.batch_size))
    best = BestModel(checkpoints / "best.prm", sample, args.eval_freq)
    callbacks.add_callback(best)
    callbacks.add_callback(CsvHistoryCallback(folder / "history.csv"))
    if network not in WITHOUT_STEPS:
        callbacks.add_recurrent_matrix_callback()

    start, interrupted = time.perf_counter(), False
    try:
        model.fit(
            train, cost=cost, optimizer=optimizer, num_epochs=args.epochs, callbacks=callbacks
        )
    except KeyboardInterrupt:
        interrupted = True
        print("\ninterrupted: the report covers what was trained so far")
    seconds = time.perf_counter() - start

    epochs = model.epoch_index
    if best.best_epoch:
        model.load_params(str(best.path), load_states=False)
    outcome = Outcome(
        network=network,
        title=data.title,
        names=data.names("test"),
        labels=data.labels("test"),
        scores=model.get_outputs(test)[:, 1].astype(float),
        parameters=count_parameters(model.layers_to_optimize),
        epochs=epochs,
        best_epoch=best.best_epoch,
        seconds=seconds,
        interrupted=interrupted,
    )
    outcome.save(folder)
    write_report(outcome, files["output_file"], model, data, train, folder)
    return outcome


def cross_validate(
    network: str, data: GenderData, folder: Path, args: argparse.Namespace
) -> Outcome:
    """Train and test one network per fold; the test parts cover every photo once."""
    outcomes: list[Outcome] = []
    folds = list(data.folds(args.folds))
    args = with_own_files(args)
    start_run(folder)
    describe_run(folder, args, network=network, data=data.title, size=data.size)
    for index, fold in enumerate(folds, 1):
        print(f"{network}, {fold.title}")
        outcomes.append(train_network(network, fold, folder / f"fold-{index}", args))
        print(f"test error of fold {index}: {outcomes[-1].error:.1f} %")
        if outcomes[-1].interrupted:
            break
    whole = pooled(outcomes, data.title)
    whole.save(folder)
    write_folds_report(outcomes, whole, data, folder)
    return whole


def main() -> int:
    """Run the script."""
    parser = make_parser(__doc__)
    parser.add_argument("--network", default="renet", choices=list(NETWORKS), help="what to train")
    with plain_errors():
        args = parse(parser)
        data = open_data(args)
        kind = args.source.partition(":")[0]
        folder = choose_run_folder(args.runs, args.name, f"{args.network}-{kind}")
        run = cross_validate if args.folds else train_network
        outcome = run(args.network, data, folder, args)
    low, high = outcome.interval
    print(f"{outcome.network} on {outcome.title}: {outcome.parameters} parameters")
    print(f"95 % interval of the test error: {low:.1f} to {high:.1f} %, AUC {outcome.auc:.3f}")
    print(f"test error: {outcome.error:.1f} %")
    print(f"report: {folder / 'report.html'}")
    return 130 if outcome.interrupted else 0


if __name__ == "__main__":
    raise SystemExit(main())
