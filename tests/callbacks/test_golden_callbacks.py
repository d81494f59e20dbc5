"""The history file, snapshots and progress line against the original's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file
from training_runs import build_network

from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import get_progress_string
from neonlike.data import ArrayIterator
from neonlike.models import Model

RUNS = [c for c in case_names("training", "callback/") if "progress" not in c]
LAYER_NUMBER = re.compile(r"Linear_\d+")


def add_extra(callbacks: Callbacks, info: dict[str, Any]) -> None:
    """The callback that a case adds by hand."""
    extra = info.get("add", "")
    if "early_stop" in extra:
        callbacks.add_early_stop_callback(lambda s, v: ((s or 0) + 1, (s or 0) + 1 >= 2))
    elif "hist" in extra:
        callbacks.add_hist_callback(plot_per_mini="plot_per_mini=True" in extra)
    elif "save_best" in extra:
        callbacks.add_save_best_state_callback("best.prm")


@pytest.mark.parametrize("case", RUNS)
def test_history_and_files(
    make_be: Any, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"])
    monkeypatch.chdir(tmp_path)
    x, y = gold["X"][()], gold["y"][()]
    train = ArrayIterator(x, y, nclass=3)
    kwargs = build(info["callbacks"], tuples=False)
    if "eval_freq" in kwargs:
        kwargs["eval_set"] = ArrayIterator(x[:10], y[:10], nclass=3)
    model = Model(layers=build_network(info["layers"]))
    model.epoch_index = info.get("start_epoch_index", 0)
    callbacks = Callbacks(model, output_file="history.h5", progress_bar=False, **kwargs)
    add_extra(callbacks, info)
    if "callback_order" in info:
        assert [type(c).__name__ for c in callbacks.callbacks] == info["callback_order"]
    cost, optimizer = build_network(info["cost"]), build_network(info["optimizer"])
    model.fit(train, cost, optimizer, info["num_epochs"], callbacks)

    with h5py.File("history.h5", "r") as history:
        same_tree(history, gold["callback_data"])
    if "total_cost" in gold:
        np.testing.assert_allclose(model.total_cost.get(), gold["total_cost"], rtol=1e-5)
        assert model.finished == gold.attrs["finished"]
        assert model.epoch_index == gold.attrs["epoch_index_after_fit"]
        assert files(tmp_path) == json.loads(gold.attrs["files"])


def files(folder: Path) -> list[str]:
    names = []
    for path in sorted(folder.iterdir()):
        if path.name != "history.h5":
            link = f" -> {path.readlink()}" if path.is_symlink() else ""
            names.append(path.name + link)
    return names


def same_tree(actual: h5py.Group, desired: h5py.Group) -> None:
    assert dict(actual.attrs) == dict(desired.attrs)
    names = {LAYER_NUMBER.sub("Linear", name): name for name in desired}
    found = {LAYER_NUMBER.sub("Linear", name): name for name in actual}
    assert found.keys() == names.keys()
    for key, name in names.items():
        ours, theirs = actual[found[key]], desired[name]
        if isinstance(theirs, h5py.Group):
            same_tree(ours, theirs)
            continue
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), key
        assert dict(ours.attrs) == dict(theirs.attrs), key
        if not ours.name.startswith("/time/"):
            np.testing.assert_allclose(ours[()], theirs[()], rtol=1e-5, err_msg=key)


@pytest.mark.parametrize("row", case_info("training", "callback/progress_strings")["rows"])
def test_progress_string(row: Any) -> None:
    arguments, expected = row
    cost = arguments[4]
    if isinstance(cost, dict):
        arguments[4] = np.array(cost["ndarray"])
    assert get_progress_string(*arguments) == expected
