"""Plots and reports of training runs; matplotlib is loaded when something is drawn."""

from neonlike.visualizations._environment import describe_environment as describe_environment
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
from neonlike.visualizations._report import Report as Report
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
    "Report",
    "Series",
    "Theme",
    "UnrolledGraph",
    "bar_figure",
    "confusion_figure",
    "count_parameters",
    "describe_environment",
    "filter_images",
    "layer_table",
    "leaf_layers",
    "line_figure",
    "montage_figure",
    "overlay_figure",
    "roc_figure",
    "sweep_gradients",
    "to_png",
    "unroll_graph",
]
