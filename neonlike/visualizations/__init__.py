"""Plots and reports of training runs; matplotlib is loaded when something is drawn."""

from neonlike.visualizations._environment import describe_environment as describe_environment
from neonlike.visualizations._grad_flow import grad_flow as grad_flow
from neonlike.visualizations._grad_flow import plot_grad_flow as plot_grad_flow
from neonlike.visualizations._history import History as History
from neonlike.visualizations._layer_times import LayerRow as LayerRow
from neonlike.visualizations._layer_times import count_parameters as count_parameters
from neonlike.visualizations._layer_times import layer_table as layer_table
from neonlike.visualizations._layer_times import leaf_layers as leaf_layers
from neonlike.visualizations._plots import Panel as Panel
from neonlike.visualizations._plots import Series as Series
from neonlike.visualizations._plots import bar_figure as bar_figure
from neonlike.visualizations._plots import confusion_figure as confusion_figure
from neonlike.visualizations._plots import filter_images as filter_images
from neonlike.visualizations._plots import line_figure as line_figure
from neonlike.visualizations._plots import montage_figure as montage_figure
from neonlike.visualizations._plots import overlay_figure as overlay_figure
from neonlike.visualizations._plots import roc_figure as roc_figure
from neonlike.visualizations._recurrent_history import Records as Records
from neonlike.visualizations._recurrent_history import (
    add_recurrent_history as add_recurrent_history,
)
from neonlike.visualizations._recurrent_history import plot_flow_history as plot_flow_history
from neonlike.visualizations._recurrent_history import plot_gate_history as plot_gate_history
from neonlike.visualizations._recurrent_history import (
    plot_matrix_history as plot_matrix_history,
)
from neonlike.visualizations._recurrent_history import read_records as read_records
from neonlike.visualizations._recurrent_matrix import (
    plot_singular_values as plot_singular_values,
)
from neonlike.visualizations._recurrent_matrix import singular_values as singular_values
from neonlike.visualizations._recurrent_matrix import spectral_radius as spectral_radius
from neonlike.visualizations._recurrent_report import add_recurrent as add_recurrent
from neonlike.visualizations._report import Report as Report
from neonlike.visualizations._state_maps import plot_states as plot_states
from neonlike.visualizations._state_maps import state_activity as state_activity
from neonlike.visualizations._sweep_gradients import sweep_gradients as sweep_gradients
from neonlike.visualizations._theme import DARK as DARK
from neonlike.visualizations._theme import LIGHT as LIGHT
from neonlike.visualizations._theme import Theme as Theme
from neonlike.visualizations._theme import to_png as to_png
from neonlike.visualizations._unroll import Edge as Edge
from neonlike.visualizations._unroll import Node as Node
from neonlike.visualizations._unroll import UnrolledGraph as UnrolledGraph
from neonlike.visualizations._unroll import unroll_graph as unroll_graph

__all__ = [
    "DARK",
    "LIGHT",
    "Edge",
    "History",
    "LayerRow",
    "Node",
    "Panel",
    "Records",
    "Report",
    "Series",
    "Theme",
    "UnrolledGraph",
    "add_recurrent",
    "add_recurrent_history",
    "bar_figure",
    "confusion_figure",
    "count_parameters",
    "describe_environment",
    "filter_images",
    "grad_flow",
    "layer_table",
    "leaf_layers",
    "line_figure",
    "montage_figure",
    "overlay_figure",
    "plot_flow_history",
    "plot_gate_history",
    "plot_grad_flow",
    "plot_matrix_history",
    "plot_singular_values",
    "plot_states",
    "read_records",
    "roc_figure",
    "singular_values",
    "spectral_radius",
    "state_activity",
    "sweep_gradients",
    "to_png",
    "unroll_graph",
]
