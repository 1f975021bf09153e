"""Kernels, timed by pytest-benchmark; every benchmark asserts its answer too. One thread.

pytest bench/test_kernels.py                        # times
pytest bench/test_kernels.py --benchmark-disable    # answers alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import F32, F64, Bool

KEY = bf.NoiseKey(run_seed=1, generation=2)
COUNT = 1 << 20
PARAMETERS = 5702  # HalfCheetah-v5, 64x64
ROWS = 32  # pairs of a population of 64
CANDIDATES = 64


@pytest.fixture(autouse=True)
def one_torch_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_normal(values: F32) -> None:
    """Mean and variance within five standard errors."""
    x = values.astype(np.float64)
    assert abs(x.mean()) < 5.0 / np.sqrt(x.size)
    assert abs(x.var() - 1.0) < 5.0 * np.sqrt(2.0 / x.size)


@pytest.mark.benchmark(group="normals")
def test_normals(benchmark: BenchmarkFixture) -> None:
    assert_normal(benchmark(kernels.normals, KEY, 0, COUNT))


@pytest.mark.benchmark(group="normals")
def test_normals_torch(benchmark: BenchmarkFixture) -> None:
    tensor = torch.empty(COUNT)
    benchmark(tensor.normal_)
    assert_normal(tensor.numpy())


@pytest.mark.benchmark(group="normals")
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.SFC64])
def test_normals_numpy(benchmark: BenchmarkFixture, bits: type[np.random.PCG64 | np.random.SFC64]) -> None:
    out = np.empty(COUNT, np.float32)
    benchmark(np.random.Generator(bits(0)).standard_normal, dtype=np.float32, out=out)
    assert_normal(out)


@pytest.fixture
def theta() -> F32:
    return np.random.default_rng(0).standard_normal(PARAMETERS, dtype=np.float32)


@pytest.mark.benchmark(group="perturb")
def test_perturb(benchmark: BenchmarkFixture, theta: F32) -> None:
    out = benchmark(kernels.perturb, theta, 0.02, KEY, 3, -1, out=np.empty_like(theta))
    np.testing.assert_array_equal(out, theta - np.float32(0.02) * kernels.normals(KEY, 3, theta.size))


@pytest.mark.benchmark(group="perturb")
def test_perturb_numpy(benchmark: BenchmarkFixture, theta: F32) -> None:
    generator = np.random.Generator(np.random.SFC64(0))
    out = benchmark(lambda: theta - np.float32(0.02) * generator.standard_normal(theta.size, dtype=np.float32))
    assert_normal((theta - out) / np.float32(0.02))


@pytest.mark.benchmark(group="gradient")
def test_gradient(benchmark: BenchmarkFixture) -> None:
    rows = np.arange(ROWS, dtype=np.uint32)
    weights = np.linspace(-1.0, 1.0, ROWS, dtype=np.float32)
    direction = benchmark(kernels.gradient, KEY, rows, weights, PARAMETERS)
    expected = np.zeros(PARAMETERS, np.float32)
    for row, weight in zip(rows, weights, strict=True):
        expected += weight * kernels.normals(KEY, int(row), PARAMETERS)
    np.testing.assert_array_equal(direction, expected)


@pytest.mark.benchmark(group="gradient")
def test_gradient_of_stored_noise_numpy(benchmark: BenchmarkFixture) -> None:
    """The other way to have it: all noise kept, one matrix product."""
    noise = np.stack([kernels.normals(KEY, row, PARAMETERS) for row in range(ROWS)])
    weights = np.linspace(-1.0, 1.0, ROWS, dtype=np.float32)
    direction = benchmark(lambda: weights @ noise)
    expected = kernels.gradient(KEY, np.arange(ROWS, dtype=np.uint32), weights, PARAMETERS)
    np.testing.assert_allclose(direction, expected, atol=1e-4)


def log_rank(fitness: F64) -> F64:
    """The definition, for fitness without ties: p = max(0, ln(N/2 + 1) - ln r), then p / sum(p) - 1/N."""
    ranks = np.empty(fitness.size)
    ranks[np.argsort(-fitness)] = np.arange(1, fitness.size + 1)
    share = np.maximum(0.0, np.log(fitness.size / 2 + 1) - np.log(ranks))
    return np.asarray(share / share.sum() - 1.0 / fitness.size)


def centered_rank(fitness: F64) -> F64:
    """The definition: linear in rank from 1/(2N) to -1/(2N)."""
    ranks = np.empty(fitness.size)
    ranks[np.argsort(-fitness)] = np.arange(1, fitness.size + 1)
    return np.asarray(((fitness.size - ranks) / (fitness.size - 1) - 0.5) / fitness.size)


def standardized(fitness: F64) -> F64:
    """The definition with every pair kept: F / (b s)."""
    return np.asarray(fitness / (fitness.size / 2 * fitness.std()))


def raw(fitness: F64) -> F64:
    """The definition: (F - mean F) / N."""
    return np.asarray((fitness - fitness.mean()) / fitness.size)


SHAPINGS: dict[str, tuple[Callable[[F64, Bool], F32], Callable[[F64], F64]]] = {
    "log_rank": (kernels.log_rank_utilities, log_rank),
    "centered_rank": (kernels.centered_rank_utilities, centered_rank),
    "raw": (kernels.raw_weights, raw),
    "standardized": (lambda f, x: kernels.standardized_weights(f, x, top=CANDIDATES // 2), standardized),
}


@pytest.mark.benchmark(group="shaping")
@pytest.mark.parametrize("name", SHAPINGS)
def test_shaping(benchmark: BenchmarkFixture, name: str) -> None:
    shape, definition = SHAPINGS[name]
    fitness = np.random.default_rng(0).standard_normal(CANDIDATES) * 300.0 + 1000.0
    weights = benchmark(shape, fitness, np.zeros(CANDIDATES, np.bool_))
    np.testing.assert_allclose(weights, definition(fitness), rtol=1e-5, atol=1e-9)


@pytest.mark.benchmark(group="fitness buffer")
def test_fitness_buffer(benchmark: BenchmarkFixture) -> None:
    history, quantiles, hyperparameters = 16, 32, 2
    buffer = kernels.FitnessBuffer(history, quantiles, hyperparameters)
    returns = np.random.default_rng(0).standard_normal(CANDIDATES)
    failed, scaled = np.zeros(CANDIDATES, np.bool_), np.array([0.25, -0.5])

    def push() -> F32:
        buffer.push(returns, failed, 0.0, scaled)
        window: F32 = buffer.window()
        return window

    newest = benchmark(push)[-1]
    z = (returns - returns.mean()) / returns.std()
    probabilities = (np.arange(quantiles) + 0.5) / quantiles
    np.testing.assert_allclose(newest[:quantiles], np.quantile(z, probabilities, method="hazen"), rtol=1e-5, atol=1e-6)
    assert newest[quantiles] == pytest.approx((returns < 0.0).mean() - 0.5)
    np.testing.assert_array_equal(newest[-4:], np.array([0.25, -0.5, 0.0, 1.0], np.float32))


@pytest.fixture(scope="module")
def policy() -> bf.Policy:
    policy = bf.make_evaluator("HalfCheetah-v5", threads=1).policy
    assert isinstance(policy, bf.Policy)
    assert policy.parameter_count == PARAMETERS
    theta = np.random.default_rng(0).standard_normal(PARAMETERS, dtype=np.float32) * np.float32(0.1)
    return policy.with_parameters(theta)


@pytest.fixture
def layers(policy: bf.Policy) -> list[tuple[F32, F32]]:
    """Weights (inputs, outputs) and bias of each layer."""
    cuts = np.cumsum([17 * 64, 64, 64 * 64, 64, 64 * 6])
    w1, b1, w2, b2, w3, b3 = np.split(policy.parameters, cuts)
    return [(w1.reshape(17, 64), b1), (w2.reshape(64, 64), b2), (w3.reshape(64, 6), b3)]


@pytest.fixture
def observation() -> F64:
    return np.random.default_rng(1).standard_normal(17)


def forward(layers: list[tuple[F32, F32]], x: F32) -> F32:
    *hidden, (last, bias) = layers
    for weight, offset in hidden:
        x = np.tanh(x @ weight + offset)
    action: F32 = np.clip(x @ last + bias, np.float32(-1.0), np.float32(1.0))
    return action


@pytest.mark.benchmark(group="policy 64x64 tanh, one observation")
def test_policy(
    benchmark: BenchmarkFixture, policy: bf.Policy, layers: list[tuple[F32, F32]], observation: F64
) -> None:
    action = benchmark(policy.act, observation)
    np.testing.assert_allclose(action, forward(layers, observation.astype(np.float32)), atol=2e-6)


@pytest.mark.benchmark(group="policy 64x64 tanh, one observation")
def test_policy_numpy(
    benchmark: BenchmarkFixture, policy: bf.Policy, layers: list[tuple[F32, F32]], observation: F64
) -> None:
    action = benchmark(lambda: forward(layers, observation.astype(np.float32)))
    np.testing.assert_allclose(action, policy.act(observation), atol=2e-6)


@pytest.mark.benchmark(group="policy 64x64 tanh, one observation")
def test_policy_torch(
    benchmark: BenchmarkFixture, policy: bf.Policy, layers: list[tuple[F32, F32]], observation: F64
) -> None:
    modules: list[torch.nn.Module] = []
    for weight, bias in layers:
        linear = torch.nn.Linear(*weight.shape)
        linear.load_state_dict({"weight": torch.from_numpy(weight.T.copy()), "bias": torch.from_numpy(bias.copy())})
        modules += [linear, torch.nn.Tanh()]
    network = torch.nn.Sequential(*modules[:-1])

    def act() -> F32:
        with torch.no_grad():
            action: F32 = network(torch.from_numpy(observation).float()).clamp(-1.0, 1.0).numpy()
        return action

    np.testing.assert_allclose(benchmark(act), policy.act(observation), atol=2e-6)


DIMENSION = 100


@pytest.fixture(scope="module")
def population() -> bf.Population:
    """64 candidates in pairs, around ones."""
    strategy = bf.make_strategy("es", mean=np.ones(DIMENSION, np.float32), population=CANDIDATES, center_episodes=0)
    return strategy.ask(bf.Hyperparameters(sigma=0.1), KEY)


def quadratics(x_kp: F32, condition: float = 100.0) -> F64:
    weights = condition ** (np.arange(x_kp.shape[1]) / (x_kp.shape[1] - 1))
    return -np.asarray((x_kp.astype(np.float64) ** 2 * weights).sum(axis=1))


def rows_of(evaluator: Evaluator, population: bf.Population) -> F32:
    return np.stack([evaluator.parameters(population, row) for row in range(population.rows)])


@pytest.mark.benchmark(group="quadratic, 64 candidates of 100 parameters: perturb and evaluate")
@pytest.mark.parametrize("kind", ["native", "vectorized"])
def test_function(benchmark: BenchmarkFixture, population: bf.Population, kind: str) -> None:
    tasks: dict[str, Any] = {
        "native": {"task": "quadratic", "task_kwargs": {"condition": 100.0}},
        "vectorized": {"task": quadratics, "vectorized": True},
    }
    evaluator = bf.make_evaluator(**tasks[kind], dim=DIMENSION, threads=1)
    batch = benchmark(evaluator.evaluate, population)
    np.testing.assert_allclose(batch.returns_r, quadratics(rows_of(evaluator, population)), rtol=1e-12)


@pytest.mark.benchmark(group="quadratic, 64 candidates of 100 parameters: perturb and evaluate")
def test_function_numpy(benchmark: BenchmarkFixture) -> None:
    """The vectorised loop of a NumPy program: fresh noise for each pair, one block, its values."""
    generator = np.random.Generator(np.random.SFC64(0))
    theta, weights = np.ones(DIMENSION, np.float32), 100.0 ** (np.arange(DIMENSION) / (DIMENSION - 1))

    def evaluate() -> F64:
        noise = np.float32(0.1) * generator.standard_normal((CANDIDATES // 2, DIMENSION), dtype=np.float32)
        block = np.concatenate([theta + noise, theta - noise]).astype(np.float64)
        return np.asarray(-((block * block) @ weights))

    values = benchmark(evaluate)
    # E sum w (1 + 0.1 e)^2 = sum w (1 + 0.01); the weights' sum is about 2,150.
    assert values.mean() == pytest.approx(-weights.sum() * 1.01, rel=0.1)
