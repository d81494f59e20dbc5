"""Containers of layers (neon's ``layers.container``)."""

from neonlike.layers._adversarial import GenerativeAdversarial as GenerativeAdversarial
from neonlike.layers._broadcast import Broadcast as Broadcast
from neonlike.layers._container import LayerContainer as LayerContainer
from neonlike.layers._container import flatten as flatten
from neonlike.layers._container import pairwise as pairwise
from neonlike.layers._deltas import DeltasTree as DeltasTree
from neonlike.layers._encoder_decoder import Decoder as Decoder
from neonlike.layers._encoder_decoder import Encoder as Encoder
from neonlike.layers._merge import MergeBroadcast as MergeBroadcast
from neonlike.layers._merge import MergeMultistream as MergeMultistream
from neonlike.layers._merge_sum import MergeSum as MergeSum
from neonlike.layers._multicost import Multicost as Multicost
from neonlike.layers._nodes import BranchNode as BranchNode
from neonlike.layers._seq2seq import Seq2Seq as Seq2Seq
from neonlike.layers._sequential import Sequential as Sequential
from neonlike.layers._skipthought import SkipThought as SkipThought
from neonlike.layers._tree import SingleOutputTree as SingleOutputTree
from neonlike.layers._tree import Tree as Tree

__all__ = [
    "BranchNode",
    "Broadcast",
    "Decoder",
    "DeltasTree",
    "Encoder",
    "GenerativeAdversarial",
    "LayerContainer",
    "MergeBroadcast",
    "MergeMultistream",
    "MergeSum",
    "Multicost",
    "Seq2Seq",
    "Sequential",
    "SingleOutputTree",
    "SkipThought",
    "Tree",
    "flatten",
    "pairwise",
]
