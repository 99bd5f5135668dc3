"""Norm-constrained networks: layers, their forward and backward written out, and what trains them."""

from refsort.nets.activations import Absolute, CReLU, FullSort, GroupSort, Identity, LeakyReLU, MaxMin, Maxout, ReLU
from refsort.nets.checkpoint import load_network, save_network
from refsort.nets.constraints import Bjorck, Free, Parseval, RowsL1, Spectral, SquaresL1, Stiefel
from refsort.nets.initial import gaussian, heavy_tailed, orthonormal, signed_selection, uniform
from refsort.nets.layer import Layer, LayerJacobian
from refsort.nets.network import Gradients, Network, NetworkJacobian, Parameters
from refsort.nets.objectives import Critic, CrossEntropy, HingeCritic, MulticlassHinge
from refsort.nets.optimisers import SGD, Adam, AggMo
from refsort.nets.schedules import Constant, Cosine, Exponential, Step
from refsort.nets.selection import Selection, SelectionJacobian
from refsort.nets.training import Batches, NonFiniteError, Run, Sampler, train
from refsort.nets.weight_list import load_weights, named_activation

__all__ = [  # noqa: RUF022 - in the order of the paper
    "GroupSort",
    "MaxMin",
    "FullSort",
    "ReLU",
    "LeakyReLU",
    "Absolute",
    "CReLU",
    "Maxout",
    "Identity",
    "Bjorck",
    "Stiefel",
    "Spectral",
    "Parseval",
    "RowsL1",
    "SquaresL1",
    "Free",
    "Layer",
    "LayerJacobian",
    "Selection",
    "SelectionJacobian",
    "Network",
    "NetworkJacobian",
    "Parameters",
    "Gradients",
    "orthonormal",
    "gaussian",
    "heavy_tailed",
    "uniform",
    "signed_selection",
    "Critic",
    "HingeCritic",
    "MulticlassHinge",
    "CrossEntropy",
    "SGD",
    "Adam",
    "AggMo",
    "Constant",
    "Step",
    "Cosine",
    "Exponential",
    "Batches",
    "Sampler",
    "Run",
    "train",
    "NonFiniteError",
    "save_network",
    "load_network",
    "load_weights",
    "named_activation",
]
