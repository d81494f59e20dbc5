"""Layers, containers and cost layers."""

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
from neonlike.layers._merge import MergeBroadcast as MergeBroadcast
from neonlike.layers._merge import MergeMultistream as MergeMultistream
from neonlike.layers._merge_sum import MergeSum as MergeSum
from neonlike.layers._multicost import Multicost as Multicost
from neonlike.layers._neon1 import DropoutBinary as DropoutBinary
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
from neonlike.layers._seq2seq import Seq2Seq as Seq2Seq
from neonlike.layers._sequential import Sequential as Sequential
from neonlike.layers._skipthought import SkipThought as SkipThought
from neonlike.layers._tree import SingleOutputTree as SingleOutputTree
from neonlike.layers._tree import Tree as Tree
from neonlike.layers.recurrent import GRU as GRU
from neonlike.layers.recurrent import LSTM as LSTM
from neonlike.layers.recurrent import BiBNRNN as BiBNRNN
from neonlike.layers.recurrent import BiLSTM as BiLSTM
from neonlike.layers.recurrent import BiRNN as BiRNN
from neonlike.layers.recurrent import DeepBiLSTM as DeepBiLSTM
from neonlike.layers.recurrent import DeepBiRNN as DeepBiRNN
from neonlike.layers.recurrent import Recurrent as Recurrent
from neonlike.layers.recurrent import RecurrentLast as RecurrentLast
from neonlike.layers.recurrent import RecurrentMean as RecurrentMean
from neonlike.layers.recurrent import RecurrentSum as RecurrentSum
from neonlike.layers.recurrent_zoo import DORNN as DORNN
from neonlike.layers.recurrent_zoo import DOTRNN as DOTRNN
from neonlike.layers.recurrent_zoo import DOTSRNN as DOTSRNN
from neonlike.layers.recurrent_zoo import DTRNN as DTRNN
from neonlike.layers.recurrent_zoo import DTSRNN as DTSRNN
from neonlike.layers.recurrent_zoo import LSTM97 as LSTM97
from neonlike.layers.recurrent_zoo import DeepTransitionRNN as DeepTransitionRNN
from neonlike.layers.recurrent_zoo import Elman as Elman
from neonlike.layers.recurrent_zoo import ElmanLayer as ElmanLayer
from neonlike.layers.recurrent_zoo import Jordan as Jordan
from neonlike.layers.recurrent_zoo import LSTMVariant as LSTMVariant
from neonlike.layers.recurrent_zoo import ReNet as ReNet
from neonlike.layers.recurrent_zoo import ReSeg as ReSeg
from neonlike.layers.recurrent_zoo import StackedRNN as StackedRNN
from neonlike.layers.recurrent_zoo import TruncatedRecurrent as TruncatedRecurrent

__all__ = [
    "DORNN",
    "DOTRNN",
    "DOTSRNN",
    "DTRNN",
    "DTSRNN",
    "GRU",
    "LRN",
    "LSTM",
    "LSTM97",
    "Activation",
    "Affine",
    "BatchNorm",
    "BatchNormAutodiff",
    "BiBNRNN",
    "BiLSTM",
    "BiRNN",
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
    "DeepBiLSTM",
    "DeepBiRNN",
    "DeepTransitionRNN",
    "Dropout",
    "DropoutBinary",
    "Elman",
    "ElmanLayer",
    "GeneralizedCost",
    "GeneralizedCostMask",
    "GeneralizedGANCost",
    "Jordan",
    "LSTMVariant",
    "Layer",
    "Linear",
    "LookupTable",
    "MergeBroadcast",
    "MergeMultistream",
    "MergeSum",
    "Multicost",
    "ParameterLayer",
    "Pooling",
    "ReNet",
    "ReSeg",
    "Recurrent",
    "RecurrentLast",
    "RecurrentMean",
    "RecurrentSum",
    "Reshape",
    "RoiPooling",
    "Seq2Seq",
    "Sequential",
    "ShiftBatchNorm",
    "SingleOutputTree",
    "SkipNode",
    "SkipThought",
    "StackedRNN",
    "Tree",
    "TruncatedRecurrent",
]
