"""Cost functions and metrics (neon's dotted path)."""

from neonlike.transforms._bleu import BLEUScore as BLEUScore
from neonlike.transforms._classification import Accuracy as Accuracy
from neonlike.transforms._classification import LogLoss as LogLoss
from neonlike.transforms._classification import Misclassification as Misclassification
from neonlike.transforms._classification import TopKMisclassification as TopKMisclassification
from neonlike.transforms._cost import Cost as Cost
from neonlike.transforms._cost import Metric as Metric
from neonlike.transforms._crossentropy import CrossEntropyBinary as CrossEntropyBinary
from neonlike.transforms._crossentropy import CrossEntropyMulti as CrossEntropyMulti
from neonlike.transforms._detection import ObjectDetection as ObjectDetection
from neonlike.transforms._gan_cost import GANCost as GANCost
from neonlike.transforms._multimetric import MultiMetric as MultiMetric
from neonlike.transforms._precision import ConfusionMatrix as ConfusionMatrix
from neonlike.transforms._precision import PrecisionRecall as PrecisionRecall
from neonlike.transforms._segmentation import MeanIoU as MeanIoU
from neonlike.transforms._segmentation import PixelAccuracy as PixelAccuracy
from neonlike.transforms._segmentation import PixelwiseCrossEntropy as PixelwiseCrossEntropy
from neonlike.transforms._squared import MeanSquared as MeanSquared
from neonlike.transforms._squared import SmoothL1Loss as SmoothL1Loss
from neonlike.transforms._squared import SquareHingeLoss as SquareHingeLoss
from neonlike.transforms._squared import SumSquared as SumSquared

__all__ = [
    "Accuracy",
    "BLEUScore",
    "ConfusionMatrix",
    "Cost",
    "CrossEntropyBinary",
    "CrossEntropyMulti",
    "GANCost",
    "LogLoss",
    "MeanIoU",
    "MeanSquared",
    "Metric",
    "Misclassification",
    "MultiMetric",
    "ObjectDetection",
    "PixelAccuracy",
    "PixelwiseCrossEntropy",
    "PrecisionRecall",
    "SmoothL1Loss",
    "SquareHingeLoss",
    "SumSquared",
    "TopKMisclassification",
]
