"""Interactive figures of the training history (neon's dotted path); need bokeh when drawn."""

from neonlike.visualizations._bokeh import cost_fig as cost_fig
from neonlike.visualizations._bokeh import deconv_figs as deconv_figs
from neonlike.visualizations._bokeh import hist_fig as hist_fig
from neonlike.visualizations._bokeh import image_fig as image_fig
from neonlike.visualizations._bokeh import x_label as x_label
from neonlike.visualizations._bokeh_page import cost_hist_page as cost_hist_page
from neonlike.visualizations._bokeh_page import deconv_summary_page as deconv_summary_page

__all__ = [
    "cost_fig",
    "cost_hist_page",
    "deconv_figs",
    "deconv_summary_page",
    "hist_fig",
    "image_fig",
    "x_label",
]
