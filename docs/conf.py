"""Sphinx configuration: Markdown pages and the API reference from docstrings."""

from neonlike.version import VERSION

project = "neonlike"
author = "the neonlike authors"
release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
napoleon_use_ivar = True
html_theme = "furo"
html_title = f"neonlike {VERSION}"
exclude_patterns = ["_build"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
