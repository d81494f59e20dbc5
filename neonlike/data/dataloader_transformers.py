"""Transformers of the batches of another loader."""

from neonlike.data._transformers import BGRMeanSubtract as BGRMeanSubtract
from neonlike.data._transformers import DataLoaderTransformer as DataLoaderTransformer
from neonlike.data._transformers import DumpImage as DumpImage
from neonlike.data._transformers import OneHot as OneHot
from neonlike.data._transformers import PixelWiseOneHot as PixelWiseOneHot
from neonlike.data._transformers import Retuple as Retuple
from neonlike.data._transformers import TypeCast as TypeCast
from neonlike.data._transformers import ValueNormalize as ValueNormalize

__all__ = [
    "BGRMeanSubtract",
    "DataLoaderTransformer",
    "DumpImage",
    "OneHot",
    "PixelWiseOneHot",
    "Retuple",
    "TypeCast",
    "ValueNormalize",
]
