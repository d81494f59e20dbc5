"""Base of data iterators, and iteration over arrays."""

from neonlike.data._array_iterator import ArrayIterator as ArrayIterator
from neonlike.data._array_iterator import DataIterator as DataIterator
from neonlike.data._iterator import NervanaDataIterator as NervanaDataIterator

__all__ = ["ArrayIterator", "DataIterator", "NervanaDataIterator"]
