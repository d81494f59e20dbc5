"""Activations, cost functions and metrics."""

from neonlike.backends._score import Score as Score
from neonlike.transforms._bleu import BLEUScore as BLEUScore
from neonlike.transforms._classification import Accuracy as Accuracy
from neonlike.transforms._classification import LogLoss as LogLoss
from neonlike.transforms._classification import Misclassification as Misclassification
from neonlike.transforms._classification import TopKMisclassification as TopKMisclassification
from neonlike.transforms._cost import Cost as Cost
from neonlike.transforms._crossentropy import CrossEntropyBinary as CrossEntropyBinary
from neonlike.transforms._crossentropy import CrossEntropyMulti as CrossEntropyMulti
from neonlike.transforms._detection import ObjectDetection as ObjectDetection
from neonlike.transforms._gan_cost import GANCost as GANCost
from neonlike.transforms._pointwise import Identity as Identity
from neonlike.transforms._pointwise import Normalizer as Normalizer
from neonlike.transforms._pointwise import Sign as Sign
from neonlike.transforms._precision import ConfusionMatrix as ConfusionMatrix
from neonlike.transforms._precision import PrecisionRecall as PrecisionRecall
from neonlike.transforms._ranking import auc as auc
from neonlike.transforms._ranking import roc_curve as roc_curve
from neonlike.transforms._rectifiers import Explin as Explin
from neonlike.transforms._rectifiers import Rectlin as Rectlin
from neonlike.transforms._rectifiers import Rectlinclip as Rectlinclip
from neonlike.transforms._segmentation import MeanIoU as MeanIoU
from neonlike.transforms._segmentation import PixelAccuracy as PixelAccuracy
from neonlike.transforms._segmentation import PixelwiseCrossEntropy as PixelwiseCrossEntropy
from neonlike.transforms._segmentation import median_frequency_weights as median_frequency_weights
from neonlike.transforms._squared import MeanSquared as MeanSquared
from neonlike.transforms._squared import SmoothL1Loss as SmoothL1Loss
from neonlike.transforms._squared import SquareHingeLoss as SquareHingeLoss
from neonlike.transforms._squared import SumSquared as SumSquared
from neonlike.transforms._squashing import CenteredLogistic as CenteredLogistic
from neonlike.transforms._squashing import Logistic as Logistic
from neonlike.transforms._squashing import PixelwiseSoftmax as PixelwiseSoftmax
from neonlike.transforms._squashing import Softmax as Softmax
from neonlike.transforms._squashing import Tanh as Tanh

__all__ = [
    "Accuracy",
    "BLEUScore",
    "CenteredLogistic",
    "ConfusionMatrix",
    "Cost",
    "CrossEntropyBinary",
    "CrossEntropyMulti",
    "Explin",
    "GANCost",
    "Identity",
    "LogLoss",
    "Logistic",
    "MeanIoU",
    "MeanSquared",
    "Misclassification",
    "Normalizer",
    "ObjectDetection",
    "PixelAccuracy",
    "PixelwiseCrossEntropy",
    "PixelwiseSoftmax",
    "PrecisionRecall",
    "Rectlin",
    "Rectlinclip",
    "Score",
    "Sign",
    "SmoothL1Loss",
    "Softmax",
    "SquareHingeLoss",
    "SumSquared",
    "Tanh",
    "TopKMisclassification",
    "auc",
    "median_frequency_weights",
    "roc_curve",
]
