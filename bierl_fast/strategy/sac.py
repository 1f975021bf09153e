"""The soft actor-critic of Stable-Baselines3, as a learner inside a strategy.

    transitions of the population -> replay memory (C++) -> gradient steps -> the actor as a flat policy (P,)

Stable-Baselines3 gives networks and updates; collecting, exploring and remembering are this package's. Actor and
policy are the same function: a hidden layer of the one is a hidden layer of the other, both squash by tanh, and both
scale into the action box.

Source: Haarnoja et al. 2018, "Soft actor-critic algorithms and applications", arXiv 1812.05905.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bierl_fast import kernels
from bierl_fast.errors import InstallationError
from bierl_fast.messages import F32, Arrays, Network, NoiseKey, Stream
from bierl_fast.settings import LONG, MANY, Section, setting
from bierl_fast.strategy.checks import require_above_zero

if TYPE_CHECKING:
    import torch
    from stable_baselines3 import SAC
    from stable_baselines3.common.type_aliases import ReplayBufferSamples

REMEDY = "strategy 'esac' needs Stable-Baselines3; install it with: pip install 'bierl-fast[esac]'"
LARGEST_REWARD = 2.0**40  # either way: critics square what they are off by, in single precision
CRITIC_HIDDEN = (256, 256)  # Stable-Baselines3's own, and the paper's
REPLAY, SEEN, LOG_ALPHA = "sac_replay", "sac_seen", "sac_log_alpha"
POLICY, OPTIMIZER = "sac_policy/", "sac_optimizer/"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # Adam's state of one parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class SacSettings(Section):
    """How the learner learns."""

    title: ClassVar[str] = "soft actor-critic"
    prefix: ClassVar[str] = "sac_"

    replay_size: int = setting(
        1_000_000,
        "transitions that an actor-critic remembers; the oldest make room",
        at_least=1,
        at_most=2**31 - 1,
        called="replay_size",
        also=("buffer_size", "replay_buffer_size", "memory_size"),
    )
    batch: int = setting(
        256, "transitions in one gradient step of SAC", at_least=1, at_most=LONG, also=("batch_size", "minibatch_size")
    )
    updates: float = setting(
        0.1,
        "gradient steps of SAC for each env step",
        at_least=0.0,
        at_most=float(MANY),
        also=("gradient_steps", "utd", "train_freq"),
    )
    learning_rate: float = setting(3e-4, "of SAC's actor, critics and entropy coefficient", above=0.0)
    discount: float = setting(
        0.99, "of SAC, for a reward one step later", at_least=0.0, below=1.0, also=("gamma", "discount_factor")
    )


class SoftActorCritic:
    """Actor, twin critics and entropy coefficient, with the memory they learn from.

    The actor begins as the given policy. Nothing depends on torch's own generator or number of threads: what the
    critics begin as is a function of `seed`, what `learn` does of its key.

    Args:
        network: the policy's layers and action box, which is finite; squash is tanh.
        theta: (P,) float32, what the actor begins as.
        settings: see SacSettings.
        seed: of the initial critics; 0 <= seed < 2**64.

    Raises:
        InstallationError: Stable-Baselines3 is not installed (with the pip line).
    """

    def __init__(self, network: Network, theta: F32, settings: SacSettings, seed: int = 0) -> None:
        """See the class."""
        self._network, self._settings = network, settings
        self.replay = kernels.ReplayBuffer(network.sizes[0], network.sizes[-1], settings.replay_size)
        self._seen = 0  # transitions ever
        with _torch_at(NoiseKey(seed, 0, Stream.INITIAL)):
            self._model = _model(network, settings)
        self.actor = theta

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._network, self.actor, self._settings, self.state())

    @property
    def actor(self) -> F32:
        """(P,) the policy whose action is the actor's deterministic one; a copy."""
        return np.concatenate(
            [part for layer in self._layers() for part in (layer.weight.detach().numpy().T.ravel(), _bias(layer))]
        )

    @actor.setter
    def actor(self, theta: F32) -> None:
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        at = 0
        with torch.no_grad():
            for layer, (inputs, outputs) in zip(self._layers(), itertools.pairwise(self._network.sizes), strict=True):
                weights = theta[at : at + inputs * outputs].reshape(inputs, outputs)
                layer.weight.copy_(torch.from_numpy(weights.T.copy()))
                layer.bias.copy_(torch.from_numpy(theta[at + inputs * outputs : at + (inputs + 1) * outputs].copy()))
                at += (inputs + 1) * outputs

    def act(self, observation_bo: F32) -> F32:
        """(B, A) deterministic actions in the task's box, by the learner's own networks."""
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        with torch.no_grad():
            squashed = self._model.actor(torch.from_numpy(observation_bo), deterministic=True).numpy()
        return np.asarray(self._model.policy.unscale_action(squashed), np.float32)

    def learn(self, transitions_tw: F32, key: NoiseKey) -> int:
        """Remember (T, W) transitions, oldest first, and take `updates` gradient steps for each; the steps taken.

        No step while fewer transitions than one batch are remembered. Batches and the actor's exploration noise are
        functions of `key`.

        Raises:
            ArgumentError, ArgumentTypeError: transitions of another task; nothing has changed then.
        """
        self.replay.append(transitions_tw)
        before, self._seen = self._seen, self._seen + len(transitions_tw)
        # Differences of whole numbers, so that no fraction of a step is lost over short generations.
        steps = int(self._settings.updates * self._seen) - int(self._settings.updates * before)
        if steps == 0 or len(self.replay) < self._settings.batch:
            return 0
        with _torch_at(key):
            self._model.replay_buffer = _Sampler(self.replay, self._network, key)  # type: ignore[assignment]
            self._model.train(gradient_steps=steps, batch_size=self._settings.batch)
        return steps

    def _layers(self) -> list[torch.nn.Linear]:
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        nn = torch.nn

        actor = self._model.actor
        return [layer for layer in [*actor.latent_pi, actor.mu] if isinstance(layer, nn.Linear)]

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        model = self._model
        optimizers = {"actor": model.actor.optimizer, "critic": model.critic.optimizer}
        assert model.ent_coef_optimizer is not None  # the coefficient is learned
        return {**optimizers, "entropy": model.ent_coef_optimizer}

    def state(self) -> Arrays:
        """Memory, networks, optimizers and entropy coefficient, copied."""
        return {REPLAY: self.replay.records(), **self._learned()}

    def _learned(self) -> Arrays:
        policy = {POLICY + name: value.numpy().copy() for name, value in self._model.policy.state_dict().items()}
        moments = {name: value.numpy().copy() for name, value in self._moments()}
        return {SEEN: np.array([self._seen]), LOG_ALPHA: self._log_alpha().numpy().copy(), **policy, **moments}

    def _log_alpha(self) -> torch.Tensor:
        assert self._model.log_ent_coef is not None
        return self._model.log_ent_coef.detach()

    def _moments(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Adam's state of every parameter; zeros, as Adam begins with, before its first step."""
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        for optimizer_name, optimizer in self._optimizers().items():
            for number, parameter in enumerate(_parameters(optimizer)):
                zeros = dict.fromkeys(MOMENTS, torch.zeros_like(parameter)) | {"step": torch.tensor(0.0)}
                state = optimizer.state.get(parameter) or zeros
                for moment in MOMENTS:
                    yield f"{OPTIMIZER}{optimizer_name}/{number}/{moment}", state[moment].detach()

    def like(self, arrays: Arrays) -> Arrays:
        """Arrays such as `state` gives, for their shapes and kinds; the memory is as full as that of `arrays`."""
        filled = arrays[REPLAY].shape[0] if REPLAY in arrays and arrays[REPLAY].ndim == 2 else 0
        memory = np.empty((min(filled, self.replay.capacity), self.replay.width), np.float32)
        return {REPLAY: memory, **self._learned()}

    def require(self, arrays: Arrays) -> None:
        """ArgumentError for values in arrays that are `like` the state which it does not come to."""
        squares = [name for name in arrays if name.startswith(OPTIMIZER) and name.endswith(("exp_avg_sq", "step"))]
        require_above_zero(arrays, *squares, zero=True)

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; the arrays must be `like` it."""
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        def tensor(name: str) -> torch.Tensor:
            return torch.from_numpy(np.array(arrays[name], np.float32))

        self._seen = int(np.asarray(arrays[SEEN])[0])
        self.replay.clear()
        self.replay.append(np.ascontiguousarray(arrays[REPLAY], np.float32))
        self._model.policy.load_state_dict({n: tensor(POLICY + n) for n in self._model.policy.state_dict()})
        with torch.no_grad():
            self._log_alpha().copy_(tensor(LOG_ALPHA))
        for optimizer_name, optimizer in self._optimizers().items():
            optimizer.load_state_dict(
                {
                    "param_groups": optimizer.state_dict()["param_groups"],
                    "state": {
                        number: {moment: tensor(f"{OPTIMIZER}{optimizer_name}/{number}/{moment}") for moment in MOMENTS}
                        for number, _ in enumerate(_parameters(optimizer))
                    },
                }
            )


def _again(network: Network, theta: F32, settings: SacSettings, state: Arrays) -> SoftActorCritic:
    """A copied or unpickled learner."""
    learner = SoftActorCritic(network, theta, settings)
    learner.load(state)
    return learner


class _Sampler:
    """What Stable-Baselines3 asks for a batch: the memory, drawn from by address, actions within [-1, 1]."""

    def __init__(self, replay: kernels.ReplayBuffer, network: Network, key: NoiseKey) -> None:
        self._replay, self._key = replay, key
        self._sizes = network.sizes[0], network.sizes[-1]
        self._low, self._high = np.array(network.low, np.float32), np.array(network.high, np.float32)
        self._draws = itertools.count()

    def sample(self, batch_size: int, env: object = None) -> ReplayBufferSamples:
        """`batch_size` transitions, the next draw of this key."""
        from stable_baselines3.common.type_aliases import ReplayBufferSamples  # noqa: PLC0415 - optional, and torch takes 1 s

        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

        observations, actions = self._sizes
        before, after = (np.empty((batch_size, observations), np.float32) for _ in range(2))
        action = np.empty((batch_size, actions), np.float32)
        reward, terminated = (np.empty(batch_size, np.float32) for _ in range(2))
        self._replay.sample(self._key, next(self._draws), before, action, reward, after, terminated)
        squashed = 2 * ((action - self._low) / (self._high - self._low)) - 1
        reward = np.clip(reward, -LARGEST_REWARD, LARGEST_REWARD)
        columns = (before, squashed, after, terminated[:, None], reward[:, None])
        return ReplayBufferSamples(*map(torch.from_numpy, columns))


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _bias(layer: torch.nn.Linear) -> F32:
    return np.asarray(layer.bias.detach().numpy(), np.float32)


@contextmanager
def _torch_at(key: NoiseKey) -> Iterator[None]:
    """One torch thread, and torch's generator at an address; both are as before afterwards."""
    from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s
    from bierl_fast.torch_threads import one_torch_thread  # noqa: PLC0415 - loads torch

    with one_torch_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(kernels.learner_seed(key))
        yield


def _model(network: Network, settings: SacSettings) -> SAC:
    """Stable-Baselines3's SAC for these spaces, which never sees an environment and prints nothing."""
    from bierl_fast._torch import torch  # noqa: PLC0415 - first, as what follows imports it too

    try:
        import stable_baselines3 as sb3  # noqa: PLC0415 - optional, and torch
        from stable_baselines3.common.logger import Logger  # noqa: PLC0415 - optional, and torch takes 1 s
    except ImportError as error:
        raise InstallationError(REMEDY) from error
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    nn = torch.nn

    class Spaces(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (network.sizes[0],), np.float32)
        action_space = gymnasium.spaces.Box(np.array(network.low, np.float32), np.array(network.high, np.float32))

    model = sb3.SAC(
        "MlpPolicy",
        Spaces(),
        learning_rate=settings.learning_rate,
        buffer_size=1,  # of Stable-Baselines3's own memory, which stays empty
        batch_size=settings.batch,
        gamma=settings.discount,
        policy_kwargs={
            "net_arch": {"pi": list(network.sizes[1:-1]), "qf": list(CRITIC_HIDDEN)},
            "activation_fn": {"tanh": nn.Tanh, "relu": nn.ReLU}[network.activation],
        },
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model
