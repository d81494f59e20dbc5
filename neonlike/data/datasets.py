"""Base of the stock data sets."""

from neonlike.data._dataset import Dataset as Dataset

__all__ = ["Dataset"]
