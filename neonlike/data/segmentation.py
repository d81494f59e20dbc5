"""Pictures with a class for every pixel: well-known data sets, and minibatches."""

from neonlike.data._segmentation import LabelledPictures as LabelledPictures
from neonlike.data._segmentation import SegmentationIterator as SegmentationIterator
from neonlike.data._segmentation_files import CAMVID_VOID as CAMVID_VOID
from neonlike.data._segmentation_files import FLOWERS_VOID as FLOWERS_VOID
from neonlike.data._segmentation_files import load_camvid as load_camvid
from neonlike.data._segmentation_files import load_flowers as load_flowers
from neonlike.data._segmentation_files import load_weizmann as load_weizmann

__all__ = [
    "CAMVID_VOID",
    "FLOWERS_VOID",
    "LabelledPictures",
    "SegmentationIterator",
    "load_camvid",
    "load_flowers",
    "load_weizmann",
]
