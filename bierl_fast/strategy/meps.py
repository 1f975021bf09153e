"""Maximum-entropy evolution strategy: `es` on return + entropy_weight * entropy of a Gaussian policy.

    fitness = return + entropy_weight * mean over steps of (policy entropy - starting entropy)

The policy's log standard deviations are evolved with its weights: with fixed ones the bonus would be the same for every
candidate. It is compared with the standard deviation they start at (Config.log_std), so a bonus rewards randomness and
says nothing of how long an episode lasts.

Source: BiERL, arXiv 2308.01207, "MEPS".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bierl_fast.messages import HyperparameterSpec
from bierl_fast.strategy.es import EvolutionStrategy


class MaximumEntropyStrategy(EvolutionStrategy):
    """The evolution strategy `es` with a bonus on entropy; arguments as EvolutionStrategy's.

    entropy_weight is in units of return for each nat. Log standard deviations get five times the noise of weights, so
    that with sigma 0.02 candidates' action noise differs by a tenth, and with it their entropy enough to be ranked by.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            **EvolutionStrategy.declared,
            "entropy_weight": HyperparameterSpec(
                default=10.0, low=EvolutionStrategy.declared["entropy_weight"].low, scale="linear"
            ),
        }
    )
