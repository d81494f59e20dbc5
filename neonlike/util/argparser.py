"""Command line of scripts."""

from neonlike.util._argparser import NeonArgparser as NeonArgparser
from neonlike.util._argparser import extract_valid_args as extract_valid_args

__all__ = ["NeonArgparser", "extract_valid_args"]
