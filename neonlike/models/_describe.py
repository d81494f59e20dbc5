"""Saving, loading and describing models (spec util 3.1, 3.2)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from neonlike.models._train_state import FULL, TrainStateMixin
from neonlike.serialization._description import check_model
from neonlike.serialization._objects import load_obj, save_model
from neonlike.serialization._registry import load_class
from neonlike.version import NEON_VERSION, VERSION

logger = logging.getLogger(__name__)


class DescribeMixin(TrainStateMixin):
    """Persistence of ``Model``."""

    def get_description(  # type: ignore[override] # neon's arguments for models
        self, get_weights: bool = False, keep_states: bool = False
    ) -> dict[str, Any]:
        """Return backend, cost, optimizer and network as plain dictionaries.

        Args:
            get_weights: include the parameters.
            keep_states: include the optimizer's states.
        """
        be = self.be
        description: dict[str, Any] = {
            "neon_version": NEON_VERSION,
            "backend": {
                "type": type(be).__name__,
                "compat_mode": be.compat_mode or "neon",
                "rng_seed": be.rng_seed,
                "rng_state": be.rng_get_state(),
            },
        }
        if self.cost is not None:
            description["cost"] = self.cost.get_description()
        if self.optimizer is not None:
            description["optimizer"] = self.optimizer.get_description()
        description["model"] = self.layers.get_description(
            get_weights=get_weights, keep_states=keep_states
        )
        return description

    def serialize(
        self, fn: str | os.PathLike[str] | None = None, keep_states: bool = True
    ) -> dict[str, Any] | None:
        """Describe the model with weights; write it to ``fn``, or return it.

        ``epoch_index`` in the description is the model's plus one: at the end
        of an epoch, before the counter moves, that is the number of finished
        epochs. With states, ``train_state`` holds what an exact resume needs
        besides: counters of the optimizer and the position in the data.
        """
        description = self.get_description(get_weights=True, keep_states=keep_states)
        description["neonlike_version"] = VERSION  # the original ignores further entries
        description["epoch_index"] = self.epoch_index + 1
        if self.initialized:
            description["train_input_shape"] = self.layers.in_shape
        if keep_states:
            description["train_state"] = self._train_state()
        if fn is None:
            return description
        if self.dry_run:
            logger.info("dry run: %s is not written", fn)
        else:
            save_model(description, fn)
        return None

    def save_params(self, param_path: str | os.PathLike[str], keep_states: bool = True) -> None:
        """Write the model to a file; see ``serialize``.

        Names that end in .prm, .pkl, .p or .pickle get neon's format, all
        others the native one (usual name: ``.safetensors``).
        """
        self.serialize(param_path, keep_states=keep_states)

    def load_params(self, param_path: str | os.PathLike[str], load_states: bool = True) -> None:
        """Load weights (and states, with the state of the random numbers) from a file.

        Args:
            param_path: file written by neonlike or neon.
            load_states: also restore the optimizer's states and ``be.rng``.
        """
        self._load(load_obj(param_path), f"{param_path}", load_states)
        logger.info("Model weights loaded from %s", param_path)

    def load_weights(self, weight_path: str | os.PathLike[str]) -> None:
        """Load weights and states from a file; old name of ``load_params``."""
        logger.warning("load_weights is the old name of load_params")
        self.load_params(weight_path)

    def deserialize(
        self, model_dict: Mapping[str, Any], data: Any = None, load_states: bool = True
    ) -> None:
        """Take over a description with weights; build the layers first if there are none.

        Layers that exist are matched by position. Cost and optimizer in the
        description are not used: ``fit`` gets them from the script.

        Args:
            model_dict: what ``serialize`` returns, or the content of an old file.
            data: ignored, kept for neon scripts.
            load_states: also restore the optimizer's states and ``be.rng``.

        Raises:
            ValueError: no model, or one that cannot be built: unknown types
                or arguments, types that a file may not ask for; or a file from
                before neon 1.2, which has no network, for a model without layers.
        """
        self._load(model_dict, "the description", load_states)

    def _load(self, content: Any, source: str, load_states: bool) -> None:
        """Take over the content of a file; errors name the file."""
        check_model(content, source, build=self.layers is None)
        self.epoch_index = content.get("epoch_index", self.epoch_index)
        try:
            if "model" in content:
                self._load_network(content, load_states)
            else:
                self._load_old_format(content, load_states)
        except RecursionError:
            raise ValueError(f"{source} cannot be loaded: it is nested too deeply") from None
        except (TypeError, AttributeError, IndexError) as error:  # values of the wrong kind
            raise ValueError(f"{source} cannot be loaded: {error}") from error
        except Exception as error:
            error.add_note(f"while loading {source}")
            raise

    def _load_network(self, content: Mapping[str, Any], load_states: bool) -> None:
        backend = content.get("backend", {})
        if "compat_mode" in backend:
            mode = backend["compat_mode"]
            self.be.compat_mode = None if mode == "neon" else mode
        network = content["model"]
        if self.layers is None:
            self.layers = load_class(network["type"]).gen_class(network["config"])
        self.layers.load_weights(network, load_states)
        if load_states:
            saved = content.get("train_state", {})
            self._resume_state = {key: saved[key] for key in saved if key not in FULL}
            self._restore_rng(backend.get("rng_state"))

    def _restore_rng(self, state: Any) -> None:
        if state is None:
            return
        if len(state) == 2:  # a GPU backend saved its own state beside
            state = state[0]
        try:
            self.be.rng_set_state(state)
        except (ValueError, TypeError, IndexError):
            logger.warning("Problems restoring existing RNG state")

    def _load_old_format(self, model_dict: Mapping[str, Any], load_states: bool) -> None:
        """Load a file from before neon 1.2: parameters in order, without the network."""
        if self.layers is None:
            raise ValueError(
                "this file was written before neon 1.2 and holds parameters without the network: "
                "build the layers in a script, then call model.load_params(file)"
            )
        logger.error("Using old model serialization format. Save the model anew with save_params.")
        entries = model_dict["layer_params_states"]
        layers = self.layers_to_optimize
        if len(entries) != len(layers):
            raise ValueError(
                f"the file holds parameters of {len(entries)} layers, the model has {len(layers)}"
            )
        for layer, entry in zip(layers, entries, strict=True):
            entry = dict(entry)
            if isinstance(entry["params"], np.ndarray):
                entry["params"] = {"W": entry["params"]}
            layer.load_weights(entry, load_states=load_states and "states" in entry)
