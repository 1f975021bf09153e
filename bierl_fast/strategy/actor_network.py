"""The policy network as `esac` takes it: one that a soft actor-critic's actor can be, unit by unit.

Network, theta (P,) -> fitting -> Network;  Network -> genes -> (P,) the unit of each parameter
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, Network


def fitting(network: Network | None, theta: F32) -> Network:
    """`network`; ArgumentError when it cannot be a soft actor-critic's actor with these parameters."""
    if network is None:
        raise ArgumentError(
            "strategy 'esac' needs the policy's layers: pass network=evaluator.policy.network "
            "(a compiled policy, linear or MLP, with continuous actions)"
        )
    if network.parameter_count != theta.size:
        raise ArgumentError(
            f"the network has {network.parameter_count} parameters, mean has {theta.size}: strategy 'esac' takes "
            "policies without evolved action noise",
            ["action_noise"],
        )
    if network.squash != "tanh":
        raise ArgumentError(
            f"strategy 'esac' needs squash 'tanh', as its actor has, got {network.squash!r}", ["squash"]
        )
    for low, high in zip(network.low, network.high, strict=True):
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ArgumentError(f"strategy 'esac' needs a finite action box with low < high, got [{low}, {high}]")
    return network


def genes(network: Network) -> tuple[np.ndarray, int]:
    """(P,) which unit each parameter belongs to (incoming weights and bias), and how many units there are."""
    gene_p, units = [], 0
    for inputs, outputs in itertools.pairwise(network.sizes):
        gene_p += [units + np.arange(outputs)] * (inputs + 1)
        units += outputs
    return np.concatenate(gene_p), units
