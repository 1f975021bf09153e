"""Policies of every native task's shape, and observations that reach every corner of them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

import bierl_fast as bf
from bierl_fast.evaluation.native import native_tasks
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.messages import F32, F64

TASKS = [entry["id"] for entry in native_tasks()]
TOLERANCE = 2e-6  # of the action range
SEEN = 1000.0


def spec_of(task: str, **network: Any) -> PolicySpec:
    shape = bf.make_evaluator(task, threads=1).policy
    assert isinstance(shape, MlpPolicy)
    return dataclasses.replace(shape.spec, **network)


def made(spec: PolicySpec, normalized: bool, seed: int = 0, gain: float = 1.0) -> MlpPolicy:
    """A policy whose outputs cover the box and what is beyond: weights N(0, gain / inputs)."""
    rng = np.random.default_rng(seed)
    statistics = ObservationStatistics(spec.observation_size)
    if normalized:
        std = rng.uniform(0.0, 2.0, spec.observation_size)
        std[: 4 : 2 if spec.observation_size > 4 else 1] = 0.0  # never varied
        std[1:2] = 0.9e-8  # below the floor, and one above it
        std[-1:] = 1.1e-8
        state = {"obs_count": np.array([SEEN]), "obs_mean": 3 * rng.normal(size=std.size), "obs_m2": SEEN * std**2}
        statistics.load(state)
    numbers = []
    for inputs, outputs in itertools.pairwise(spec.sizes):
        numbers.append(rng.normal(size=inputs * outputs) * gain / np.sqrt(inputs))
        numbers.append(rng.normal(size=outputs) * 0.1)
    if spec.action_noise == "evolved":
        numbers.append(np.full(len(spec.low), -1.0))
    return MlpPolicy(spec, statistics).with_parameters(np.concatenate(numbers).astype(np.float32))


def policies(task: str) -> Iterator[MlpPolicy]:
    """Linear and MLP, with and without normalization, each squash; each activation on the way."""
    for number, (hidden, normalized, squash) in enumerate(
        itertools.product([(), (64, 64)], [False, True], ["clip", "tanh", "none"])
    ):
        if squash != "clip" and spec_of(task).first_action is not None:  # discrete actions have no box
            continue
        network = {"hidden": hidden, "squash": squash, "activation": ["tanh", "relu"][number // 3 % 2]}
        yield made(spec_of(task, **network), normalized, seed=number)


def observations(policy: MlpPolicy, count: int = 10_000, seed: int = 0) -> F32:
    """(count, O): ordinary ones, some far away, and the edges in single numbers and in all of them."""
    rng = np.random.default_rng(seed)
    mean, std = policy.statistics.mean, policy.statistics.std
    spread = rng.choice([0.1, 1.0, 3.0, 30.0], size=(count, 1))
    found: F32 = (mean + np.where(std > 0, std, 1.0) * spread * rng.normal(size=(count, mean.size))).astype(np.float32)
    edges = [mean, mean - 10 * std, mean + 10 * std, mean + np.nextafter(10, 11) * std, mean - 9.999999 * std]
    edges += [np.full(mean.size, edge) for edge in (0.0, -0.0, 1e-45, -1e-38, 1e-8, 1e30, -1e30, 3e38)]
    found[: len(edges)] = edges
    for row, edge in enumerate(edges):
        found[len(edges) + row, row % mean.size] = edge[row % mean.size]
    return found


def acts(policy: MlpPolicy, observation_no: F32) -> F32:
    """(N, A) what the compiled policy answers; (N, 1) of discrete actions."""
    found = np.array([policy.act(observation.astype(np.float64)) for observation in observation_no])
    return found.reshape(len(found), -1).astype(np.float32)


def action_range(policy: MlpPolicy, action_na: F32) -> F64:
    """(A,) the box's, or of the actions where it is none."""
    low, high = np.array(policy.spec.low, np.float64), np.array(policy.spec.high, np.float64)
    finite = np.isfinite(low) & np.isfinite(high)
    return np.where(finite, np.where(finite, high, 0) - np.where(finite, low, 0), np.ptp(action_na.astype(np.float64)))


def distance(policy: MlpPolicy, expected_na: F32, got_na: F32) -> float:
    """The largest absolute difference of the action range; of discrete actions, the share of those that differ."""
    if policy.spec.first_action is not None:  # outputs that are equal but for their last bit decide either way
        return float((got_na != expected_na).mean()) / 1000
    differs_na = (got_na != expected_na) & ~(np.isnan(got_na) & np.isnan(expected_na))  # infinities are equal
    difference = np.zeros(got_na.shape)
    difference[differs_na] = np.abs(got_na[differs_na].astype(np.float64) - expected_na[differs_na])
    if policy.spec.squash == "none":  # nothing keeps them in the box: of the range they have
        difference /= np.maximum(1.0, np.abs(expected_na.astype(np.float64)))
    return float((difference / action_range(policy, expected_na)).max())
