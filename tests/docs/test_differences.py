"""Each line of docs/differences.md and each quirk of the original has a test that proves it."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "differences.md"
BULLET = re.compile(r"^- (.*(?:\n  .*)*)", re.MULTILINE)

# first words of a line of the page: tests below tests/, ``file::function`` without ``test_``
DIFFERENCES = {
    # backend
    "`std(..., out=o)`": "backends/test_trees::standard_deviation_into_a_target",
    "`compound_dot`, convolutions and": "backends/test_dot_golden::alpha_counts_when_beta_is_0",
    "`beta == 0` (and": "backends/test_conv_golden::stale_content_is_not_read",
    "Convolutions apply bias": "layers/test_quirks::bias_of_convolution",
    "NumPy scalars, 0-d": "backends/test_tensor::numpy_scalars_are_numbers_on_either_side",
    "`get()` of a tensor": "backends/test_tensor::one_element_is_a_number",
    "Indices out of range": "backends/test_tensor::iteration_and_numbers",
    "`be.rand()`": "backends/test_trees::rand_draws_from_the_stream_at_run_time",
    "Two views of one": "backends/test_autodiff::views_of_one_tensor",
    "Max-pooling windows": "backends/test_pool_golden::window_of_more_than_256_elements",
    "`gen_backend('mkl')`": "backends/test_generate::names",
    "`gen_backend('reference')`": "kernels/test_geometries::convolution",
    "One Python thread": "backends/test_threads::a_second_thread_is_refused",
    "Truth values and": "backends/test_trees::float32_stays_float32",
    "The gradient of `safelog`": "backends/test_autodiff::against_differences",
    "`gen_backend` refuses": "backends/test_generate::arguments",
    "Negative padding": "backends/test_conv_golden::output_dim_errors",
    # layers
    "Q1:": "layers/test_quirks::gradient",
    "Q2:": "layers/test_quirks::alphas_of_trees",
    "Q3, Q4:": "layers/test_positions::gradient",
    "Q5:": "layers/test_repairs::gradient",
    "Q6:": "layers/test_recurrent::bibnrnn_trains_and_saves_its_norm",
    "Q7:": "layers/test_recurrent::bidirectional_layers_never_carry_states",
    "Q8:": "layers/test_repairs::first_layer",
    "Q9:": "layers/test_quirks::gradient",
    "Q10:": "layers/test_repairs::new_tensor_objects_are_followed",
    "Q11:": "layers/test_repairs::branch_nodes_belong_to_one_tree",
    "Q12, Q13:": "layers/test_repairs::propagate_parallelism_through_nested_merges",
    "Q14:": "layers/test_repairs::unknown_branches_are_refused",
    "Q15:": "layers/test_repairs::gradient",
    "Q16:": "layers/test_repairs::gradient",
    "Q18:": "layers/test_repairs::gradient",
    "Q19:": "layers/test_repairs::array_as_init_can_be_trained",
    "Q20:": "layers/test_repairs::numpy_integers_are_shapes",
    "Q21, in part:": "layers/test_serialization::seq2seq",
    "Q22, in part:": "layers/test_repairs::gradient",
    "After a `DataTransform`": "layers/test_repairs::input_dropout_saves_the_input_gradient",
    "Gradients also accumulate": "layers/test_repairs::gradients_accumulate_in_all_containers",
    "A GRU's": "layers/test_quirks::an_initial_state_of_gru_counts_once",
    "Q24:": "layers/test_repairs::gradient",
    "`Multicost` refuses": "layers/test_shape_errors::several_costs",
    "Weights loaded before": "layers/test_shape_errors::weights_of_another_shape",
    "Shape errors name": "layers/test_shape_errors::inputs_of_another_shape",
    "A class, a number": "layers/test_mistakes::mistake",
    # models, costs, callbacks, files
    "Resuming from a file": "models/test_model::resume_is_exact",
    "A new cost object": "models/test_model::fit_after_eval_has_its_cost",
    "A GAN's noise": "callbacks/test_special_callbacks::gan_schedule_and_uniform_noise",
    "`MultiOptimizer` recognises": "optimizers/test_optimizers::multi_optimizer_mapping",
    "Interrupting restores": "callbacks/test_callbacks::ctrl_c_finishes_the_batch_saves_and_closes",
    "`DeconvCallback` runs": "callbacks/test_callbacks::deconv",
    "`MultiMetric` compares": "transforms/test_metrics::"
    "multi_metric_takes_its_branch_of_outputs_and_targets",
    "Cross-entropy, `GANCost`": "transforms/test_costs::probabilities_that_float16_stores_as_0",
    "Calling `eval`": "models/test_model::fit_after_eval_has_its_cost",
    "Two `MetricCallback`s": "callbacks/test_callbacks::equal_metric_names_get_suffixes",
    "`Callbacks` of another": "callbacks/test_callbacks::callbacks_of_another_model",
    "The values of a metric": "callbacks/test_callbacks::a_metric_is_shown",
    "Saved files": "serialization/test_atomic::failure_leaves_the_old_file_and_no_rest",
    "Pickled files": "attacks/test_hostile_pickles::system_calls",
    # command line, old names, visualisation
    "`neonlike train`": "cli/test_train::the_file_counts_unless_the_command_line_says_otherwise",
    "`Benchmark(time_layers=False)`": "benchmark/test_benchmark::inference_without_layers",
    "Figures leave out": "visualizations/test_history::"
    "an_interrupted_history_ends_where_the_run_did",
    "Names of neon 1.x": "compat/test_neon1::the_media_loader_says_what_replaces_it",
    # data and utilities
    "`BABI` splits": "data/test_datasets::babi_reads_the_subset",
    "`RepeatCopyTask` honours": "data/test_datasets::qa_refuses_and_leaves_the_arrays_alone",
    "BLEU scores": "transforms/test_metrics::golden_bleu",
    "Array and HDF5": "data/test_iterators::changed_batch_size",
    "The cache folder": "util/test_persist::cache_dir",
    "`ModelDescription.match`": "util/test_small_modules::match",
}

# The quirks of the layers: those that are reproduced, and those that the page above lists.
REPRODUCED = {
    "Q7": "layers/test_quirks::reproduced",
    "Q18": "layers/test_quirks::deconv_keeps_its_name_from_its_filter",
    "Q21": "layers/test_quirks::reproduced",
    "Q22": "layers/test_repairs::outputs_are_the_same_object_and_in_place",
    "Q23": "layers/test_repairs::outputs_are_the_same_object_and_in_place",
}

# Surprises of the backend that are kept, since scripts or golden numbers depend on them.
KEPT = {
    "fill_normal and binarize draw from NumPy's global stream": "backends/test_golden_core::"
    "global_stream",
    "copy and copy_from assign into the tensor": "backends/test_tensor::values",
    "reshape of a non-contiguous tensor copies": "backends/test_tensor::reshape",
    "axes of size 1 are dropped one by one": "backends/test_tensor::shapes",
    "empty is filled with zeros": "backends/test_tensor::defaults",
    "array and empty_like have the default dtype": "backends/test_tensor::defaults",
    "safelog of a float16 zero is -inf": "backends/test_golden_core::expression",
    "tanh2 overflows to nan": "backends/test_golden_core::expression",
    "bool + bool is or": "backends/test_trees::truth_values",
    "tied maxima share the full gradient": "backends/test_golden_core::autodiff",
    "the first of tied maxima of a pool wins": "backends/test_pool_golden::pool",
    "bprop_pool scales the error in place": "backends/test_pool_golden::pool",
    "argmax defaults to axis 1": "backends/test_golden_core::expression",
}


def bullets() -> list[str]:
    return [" ".join(text.split()) for text in BULLET.findall(PAGE.read_text())]


@functools.cache
def functions(file: str) -> frozenset[str]:
    """Names of the tests in a file, also in its classes."""
    tree = ast.parse((ROOT / "tests" / f"{file}.py").read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_each_line_has_its_test() -> None:
    lines = bullets()
    assert len(lines) > 50
    for line in lines:
        assert sum(line.startswith(start) for start in DIFFERENCES) == 1, line
    for start in DIFFERENCES:
        assert sum(line.startswith(start) for line in lines) == 1, start


def test_each_quirk_of_the_layers_is_repaired_or_reproduced() -> None:
    repaired = {quirk for line in bullets() for quirk in re.findall(r"Q\d+", line)}
    quirks = {f"Q{number}" for number in range(1, 25)}
    assert quirks == repaired | REPRODUCED.keys()


@pytest.mark.parametrize(
    "proof", sorted({*DIFFERENCES.values(), *REPRODUCED.values(), *KEPT.values()})
)
def test_the_tests_exist(proof: str) -> None:
    file, name = proof.split("::")
    assert f"test_{name}" in functions(file)
