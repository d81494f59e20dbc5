"""Layers that are not recurrent (neon's ``layers.layer``)."""

from neonlike.layers._base import Layer as Layer
from neonlike.layers._batch_norm import BatchNorm as BatchNorm
from neonlike.layers._batch_norm import BatchNormAutodiff as BatchNormAutodiff
from neonlike.layers._batch_norm import ShiftBatchNorm as ShiftBatchNorm
from neonlike.layers._compound import Affine as Affine
from neonlike.layers._compound import BinaryAffine as BinaryAffine
from neonlike.layers._compound import CompoundLayer as CompoundLayer
from neonlike.layers._compound import Conv as Conv
from neonlike.layers._compound import Deconv as Deconv
from neonlike.layers._conv import Convolution as Convolution
from neonlike.layers._conv import Deconvolution as Deconvolution
from neonlike.layers._conv_bias import Convolution_bias as Convolution_bias
from neonlike.layers._cost import GeneralizedCost as GeneralizedCost
from neonlike.layers._cost import GeneralizedCostMask as GeneralizedCostMask
from neonlike.layers._cost import GeneralizedGANCost as GeneralizedGANCost
from neonlike.layers._linear import BinaryLinear as BinaryLinear
from neonlike.layers._linear import Linear as Linear
from neonlike.layers._lookup import LookupTable as LookupTable
from neonlike.layers._lrn import LRN as LRN
from neonlike.layers._nodes import BranchNode as BranchNode
from neonlike.layers._nodes import SkipNode as SkipNode
from neonlike.layers._parameter import ParameterLayer as ParameterLayer
from neonlike.layers._pointwise import Activation as Activation
from neonlike.layers._pointwise import Bias as Bias
from neonlike.layers._pointwise import DataTransform as DataTransform
from neonlike.layers._pointwise import Dropout as Dropout
from neonlike.layers._pooling import Pooling as Pooling
from neonlike.layers._reshape import Reshape as Reshape
from neonlike.layers._roi_pooling import RoiPooling as RoiPooling
from neonlike.layers._shapes import interpret_in_shape as interpret_in_shape

__all__ = [
    "LRN",
    "Activation",
    "Affine",
    "BatchNorm",
    "BatchNormAutodiff",
    "Bias",
    "BinaryAffine",
    "BinaryLinear",
    "BranchNode",
    "CompoundLayer",
    "Conv",
    "Convolution",
    "Convolution_bias",
    "DataTransform",
    "Deconv",
    "Deconvolution",
    "Dropout",
    "GeneralizedCost",
    "GeneralizedCostMask",
    "GeneralizedGANCost",
    "Layer",
    "Linear",
    "LookupTable",
    "ParameterLayer",
    "Pooling",
    "Reshape",
    "RoiPooling",
    "ShiftBatchNorm",
    "SkipNode",
    "interpret_in_shape",
]
