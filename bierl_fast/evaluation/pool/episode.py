"""Episodes of one Python environment: the actor of csrc/bierl/core/actor.hpp around reset and step.

Job, Holder -> Player; Batch -> prepare; row -> play -> Done, its results in the shared block
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast._native import core
from bierl_fast.evaluation.environment.answers import PLAIN, Refusal, kind, lasting, seen, stepped, stumbled
from bierl_fast.evaluation.environment.probe import Holder
from bierl_fast.evaluation.environment.spaces import Interface, seed_globals, seeded_reset
from bierl_fast.evaluation.policy.spec import policy_shape
from bierl_fast.evaluation.policy.torch_module import TorchActor
from bierl_fast.evaluation.pool.forked import FORKED, end_a_child
from bierl_fast.evaluation.pool.messages import Batch, Descriptor, Done, Job
from bierl_fast.evaluation.pool.shared_block import Block
from bierl_fast.messages import F32, F64, Hyperparameters, Population, Stream
from bierl_fast.reasons import reason

if TYPE_CHECKING:
    import gymnasium


class _EpisodeFailed(Exception):  # noqa: N818 - a way to end it, no error of anybody's
    """The episode cannot go on; the text says why."""


class _DescriptorChanged(Exception):  # noqa: N818 - the same
    """The user's descriptor is of the wrong size."""


@dataclass(slots=True)
class _Tally:
    """What an episode came to so far."""

    total: float = 0.0
    steps: int = 0
    reason: str | None = None
    started: float = field(default_factory=time.monotonic)


class Player:
    """Runs rows of the present batch."""

    def __init__(
        self,
        job: Job,
        holder: Holder,
        interface: Interface,
        descriptor: Descriptor | None,
    ) -> None:
        self._job = job
        self._holder = holder
        self._worn = False
        self._descriptor = descriptor
        self._shape = interface.observation_shape
        self._dtype: np.dtype[Any] | None = None  # of observations looked at closely, and
        self._kinds: tuple[type, type, type, type] = PLAIN  # the types of a step's other answers that were
        self._action_dtype = np.dtype(interface.action_dtype)
        self._spec = job.spec
        self._actor = _actor(job)
        self._observation = np.zeros(job.spec.observation_size)
        self._observation_view = self._observation.reshape(interface.observation_shape)
        self._action = np.zeros(len(job.spec.low), np.float32)

    def prepare(self, batch: Batch, block: Block) -> None:
        """Look at the next population."""
        views = block.views(batch.fields())
        self._views = views
        self._batch = batch
        self._parameters = np.empty(batch.parameters, np.float32)
        names = ("base_bp", "base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r")
        arrays: dict[str, Any] = {name: views[name] for name in names}
        self._population = Population(
            **arrays,
            scale_bp=views.get("scale_bp"),
            hyperparameters=Hyperparameters(),
            key=batch.key,
        )
        self._normalizer = core.Normalizer.from_moments(
            float(views["obs_count"][0]), views["obs_mean"], views["obs_m2"]
        )

    def play(self, row: int) -> Done:
        """Run one row's episode and leave its results in the shared block."""
        views, fatal = self._views, False
        if self._batch.moments:
            for name in ("count_r", "mean_ro", "m2_ro"):
                views[name][row : row + 1] = 0.0
        views["behaviour_rd"][row] = 0.0
        tally = _Tally()
        try:
            self._episode(row, tally)
        except (_EpisodeFailed, Refusal) as error:
            tally.reason = str(error)
        except _DescriptorChanged as error:
            tally.reason, fatal = str(error), True
        except BaseException as error:  # nothing else ends this process but its parent
            refusal = self._stumbled(error)
            tally.reason = reason(error) if refusal is None else str(refusal)
        end_a_child()
        further = self._job.tried_steps is not None and tally.steps > self._job.tried_steps
        self._worn = self._job.fresh or further or tally.reason is not None  # whatever state it is in
        if tally.reason is not None and self._batch.moments:
            views["count_r"][row] = 0.0
        views["returns_r"][row] = tally.total
        views["lengths_r"][row] = tally.steps
        views["failed_r"][row] = tally.reason is not None
        return Done(row, tally.reason, fatal)

    def _episode(self, row: int, tally: _Tally) -> None:
        core.row_parameters(self._population, row, self._parameters)
        self._views["entropy_r"][row] = self._actor.entropy(self._parameters)
        key, episode = self._batch.key, int(self._population.episode_r[row])
        seed = core.reset_seed(key, episode)
        env = self._env_for_an_episode(seed)
        observation, info = seeded_reset(env, seed, self._job.seed_bits)
        end_a_child()
        self._actor.begin(
            self._normalizer,
            self._parameters,
            key,
            episode,
            key.stream != Stream.EVALUATION,
            self._moments(row),
            self._views["behaviour_rd"][row] if self._actor.describes else None,
            self._views["transitions_rsw"][row] if self._batch.transitions else None,
        )
        # The loop that everything else is there for: names bound here are looked up once.
        step, actor, answer, take = env.step, self._actor.act, self._spec.answer, self._take
        answered = self._actor.answered if self._batch.transitions else None
        seen, action, dtype = self._observation, self._action, self._action_dtype
        limit, timeout = self._batch.max_steps, self._job.episode_timeout
        convert = dtype.kind == "f" and dtype != np.float32
        r, e, t, i, forked = *self._kinds, FORKED
        while tally.steps < limit:
            take(observation)
            if not actor(seen, action):
                raise _EpisodeFailed(self._not_finite(action))
            chosen: Any = answer(action)
            came = step(chosen.astype(dtype) if convert else chosen)
            if forked:
                end_a_child()
            tally.steps += 1
            if type(came) is not tuple or len(came) != 5:
                came = stepped(env, came)
            observation, reward, terminated, truncated, info = came
            if type(reward) is not r or type(terminated) is not e or type(truncated) is not t or type(info) is not i:
                observation, reward, terminated, truncated, info = self._checked(env, came)
                r, e, t, i = self._kinds
            gained = reward if type(reward) is float else float(reward)
            if not isfinite(gained):
                raise _EpisodeFailed(f"step {tally.steps} gave the reward {gained!r}")
            total = tally.total + gained
            if not isfinite(total):
                raise _EpisodeFailed(f"the return overflows at step {tally.steps}")
            tally.total = total
            if answered is not None:
                answered(gained, bool(terminated))
            if terminated or truncated:
                break
            if timeout is not None and time.monotonic() - tally.started > timeout:
                raise _EpisodeFailed(f"it outlived episode_timeout = {timeout:g} seconds, at step {tally.steps}")
        take(observation)
        if not self._actor.finish(seen):
            raise _EpisodeFailed(self._not_finite(action))
        if self._descriptor is not None:
            self._views["behaviour_rd"][row] = self._described(self._descriptor(env, observation, info))

    def _stumbled(self, error: BaseException) -> Refusal | None:
        """What is behind an error of a wrapper's that could not take apart what a step answered."""
        env = self._holder.env
        return None if env is None else stumbled(env, error, "step", self._spec.answer(self._action))

    def _checked(self, env: gymnasium.Env[Any, Any], came: Any) -> Any:
        """What a step answered whose types are not those of the last one; where they will do, they are from now on."""
        if lasting(*came[1:]):
            _, *kinds = map(type, came)
            self._kinds = (kinds[0], kinds[1], kinds[2], kinds[3])
        return stepped(env, came)

    def _take(self, observation: Any) -> None:
        """Copy what the environment gave into the vector that the policy reads."""
        array = type(observation) is np.ndarray
        if not array or observation.dtype is not self._dtype or observation.shape != self._shape:
            observation = seen(self._holder.env, observation, self._shape)
            if array:
                self._dtype = observation.dtype
        self._observation_view[...] = observation

    def _not_finite(self, action: F32) -> str:
        if np.isfinite(self._observation).all():
            return f"the policy's action is not finite: {action[:8].tolist()}"
        wrong = np.flatnonzero(~np.isfinite(self._observation))
        return f"element {wrong[0]} of an observation is {self._observation[wrong[0]]}"

    def _described(self, given: Any) -> F64:
        described = np.asarray(given)
        if described.dtype.kind not in "biuf":
            raise _EpisodeFailed(f"the behavior function gave {kind(given)}, expected numbers")
        if described.shape != (self._job.descriptor_size,):
            raise _DescriptorChanged(
                f"the behavior function must return {self._job.descriptor_size} numbers for every episode, as for the "
                f"first; got shape {described.shape}"
            )
        numbers = described.astype(np.float64)
        if not np.isfinite(numbers).all():
            raise _EpisodeFailed(f"the behavior function gave {numbers[:8].tolist()}, which is not finite")
        return numbers

    def _moments(self, row: int) -> tuple[F64, F64, F64] | None:
        if not self._batch.moments:
            return None
        views = self._views
        return views["count_r"][row : row + 1], views["mean_ro"][row], views["m2_ro"][row]

    def _env_for_an_episode(self, seed: int) -> gymnasium.Env[Any, Any]:
        env = self._holder.env
        if env is None:
            seed_globals(seed)
            env = self._holder.new()
        self._holder.used = True
        return env

    def tidy(self) -> None:
        """Close the environment of the row just played, unless it is used again."""
        if self._worn:
            self._holder.close()


class _CompiledActor:
    """The compiled policy: one call a step."""

    def __init__(self, job: Job) -> None:
        shape = policy_shape(job.spec)
        self.entropy: Callable[[F32], float] = shape.relative_entropy
        self.describes = job.behavior != "none"
        actor = core.EpisodeActor(shape, job.behavior)
        self.begin, self.act, self.finish = actor.begin, actor.act, actor.finish
        self.answered = actor.answered


def _actor(job: Job) -> Any:
    if job.module is None:
        return _CompiledActor(job)
    from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

    torch.set_num_threads(1)
    return TorchActor(job.spec, job.module, job.behavior)
