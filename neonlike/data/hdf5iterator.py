"""Iteration over HDF5 files."""

from neonlike.data._hdf5_iterator import HDF5Iterator as HDF5Iterator
from neonlike.data._hdf5_iterator import HDF5IteratorAutoencoder as HDF5IteratorAutoencoder
from neonlike.data._hdf5_iterator import HDF5IteratorOneHot as HDF5IteratorOneHot

__all__ = ["HDF5Iterator", "HDF5IteratorAutoencoder", "HDF5IteratorOneHot"]
