"""Golden cases of layers (layers.h5) in which the original was wrong."""

from __future__ import annotations

# What of a case is repaired and thus not compared with the original's numbers.
# ``layers/test_quirks.py`` checks these parts of each case in float64.
REPAIRED: dict[str, set[str]] = {
    "quirk_linear_alpha_ignored_when_beta_zero": {"deltas"},
    "quirk_conv_bias_not_added_when_beta_nonzero": {"outputs"},
    "quirk_net_bias_between_parallelism_kinds_zero_gradient": {"grad/01"},
    "quirk_net_reshape_between_parallelism_kinds_zero_gradient": {"grad/00", "grad/01"},
    "quirk_net_mergebroadcast_alphas": {"grad/00"},
    "quirk_net_tree_three_branches_alphas": {"grad/00", "grad/01"},
    "quirk_net_tree_two_branches_at_one_node_alphas": {"grad/00"},
    "quirk_recurrent_one_step": {"grad", "deltas"},
    "quirk_recurrent_int_input": {"grad", "deltas"},
    "quirk_birnn_beta_zero_keeps_backward_part_only": {"deltas"},
    "quirk_birnn_image_input_stateful": {"call1"},
    "quirk_bilstm_image_input_stateful": {"call1"},
    "quirk_bilstm_split_inputs_second_bprop_accumulates": {"call1"},
    "quirk_bibnrnn_image_input": {"grad", "deltas"},
    "quirk_bibnrnn_image_input_stateful": {"grad", "deltas", "call1"},
    "quirk_bibnrnn_int_input": {"grad", "deltas"},
    "quirk_bibnrnn_one_step": {"grad", "deltas"},
    "quirk_bibnrnn_reset_cells": {"grad", "deltas"},
    "quirk_bibnrnn_sequence_input_never_stateful": {"grad", "deltas"},
    "quirk_bibnrnn_split_inputs": {"grad", "deltas"},
    "quirk_net_conv_deepbirnn_depth2_bn": {"grad/00", "grad/01", "grad/02"},
    "quirk_net_conv_deepbirnn_depth2_bisum_bn": {"grad/00", "grad/01", "grad/02"},
    "quirk_net_deepbilstm_depth2_second_batch_accumulates": {"call1"},
}
