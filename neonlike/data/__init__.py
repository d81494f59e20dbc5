"""Data sets and iterators that deliver minibatches."""

from neonlike.data._neon1 import AudioParams as AudioParams
from neonlike.data._neon1 import DataLoader as DataLoader
from neonlike.data._neon1 import ImageLoader as ImageLoader
from neonlike.data._neon1 import ImageParams as ImageParams
from neonlike.data._neon1 import load_cifar10 as load_cifar10
from neonlike.data._neon1 import load_mnist as load_mnist
from neonlike.data.dataiterator import ArrayIterator as ArrayIterator
from neonlike.data.dataiterator import DataIterator as DataIterator
from neonlike.data.dataiterator import NervanaDataIterator as NervanaDataIterator
from neonlike.data.datasets import Dataset as Dataset
from neonlike.data.hdf5iterator import HDF5Iterator as HDF5Iterator
from neonlike.data.hdf5iterator import HDF5IteratorAutoencoder as HDF5IteratorAutoencoder
from neonlike.data.hdf5iterator import HDF5IteratorOneHot as HDF5IteratorOneHot
from neonlike.data.image import CIFAR10 as CIFAR10
from neonlike.data.image import DUMMY as DUMMY
from neonlike.data.image import MNIST as MNIST
from neonlike.data.imagecaption import Coco as Coco
from neonlike.data.imagecaption import Flickr8k as Flickr8k
from neonlike.data.imagecaption import Flickr30k as Flickr30k
from neonlike.data.imagecaption import ImageCaption as ImageCaption
from neonlike.data.imagecaption import ImageCaptionTest as ImageCaptionTest
from neonlike.data.questionanswer import BABI as BABI
from neonlike.data.questionanswer import QA as QA
from neonlike.data.text import IMDB as IMDB
from neonlike.data.text import PTB as PTB
from neonlike.data.text import SICK as SICK
from neonlike.data.text import HutterPrize as HutterPrize
from neonlike.data.text import Shakespeare as Shakespeare
from neonlike.data.text import Text as Text
from neonlike.data.ticker import CopyTask as CopyTask
from neonlike.data.ticker import PrioritySortTask as PrioritySortTask
from neonlike.data.ticker import RepeatCopyTask as RepeatCopyTask
from neonlike.data.ticker import Ticker as Ticker

__all__ = [
    "BABI",
    "CIFAR10",
    "DUMMY",
    "IMDB",
    "MNIST",
    "PTB",
    "QA",
    "SICK",
    "ArrayIterator",
    "AudioParams",
    "Coco",
    "CopyTask",
    "DataIterator",
    "DataLoader",
    "Dataset",
    "Flickr8k",
    "Flickr30k",
    "HDF5Iterator",
    "HDF5IteratorAutoencoder",
    "HDF5IteratorOneHot",
    "HutterPrize",
    "ImageCaption",
    "ImageCaptionTest",
    "ImageLoader",
    "ImageParams",
    "NervanaDataIterator",
    "PrioritySortTask",
    "RepeatCopyTask",
    "Shakespeare",
    "Text",
    "Ticker",
    "load_cifar10",
    "load_mnist",
]
