"""What a worker process of the pool does: episodes, by row number.

    Start -> Interface ("ready")     the environment is made and looked at
    Job   ->                         the policy, once the parent has built it from the interface
    Batch ->                         where in the shared block the next population lies
    row   -> Done                    one episode; its results are in the shared block

Messages travel over one socket. The process ends with it: when the parent is gone, whatever the episode is doing.
"""

from __future__ import annotations

import multiprocessing.spawn
import os
import pickle
import select
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast._library import core
from bierl_fast.evaluation.environments import EnvMaker, TaskError
from bierl_fast.evaluation.interface import Interface, read_interface, repeats, reset_restores_everything, seed_globals
from bierl_fast.evaluation.shared_block import Block, Field
from bierl_fast.messages import F32, F64, Hyperparameters, NoiseKey, Population, Stream

if TYPE_CHECKING:
    import gymnasium

    from bierl_fast.evaluation.policy import PolicySpec

# (env, last observation as the environment gave it, last info) -> (D,) numbers
Descriptor = Callable[[Any, Any, dict[str, Any]], Any]

running = False  # whether this process is a worker


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker is told first."""

    maker: EnvMaker
    flatten_observation: bool
    fresh_env: str  # auto, always or never; auto is decided by the first worker
    descriptor: Descriptor | None
    look_closely: bool  # the first worker: decide fresh_env, try the environment and the descriptor


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker answers to Start."""

    interface: Interface
    fresh: bool
    repeats: bool  # False: not even a new environment repeats an episode
    descriptor_size: int  # of the user's function; 0 without one
    private_bytes: int  # memory that this process shares with no other


@dataclass(frozen=True, slots=True)
class Broken:
    """Answered instead of Ready: why this worker cannot start."""

    text: str
    refused: bool  # a setting or a task that cannot be, rather than something that broke


@dataclass(frozen=True, slots=True)
class Job:
    """What all batches have in common."""

    spec: PolicySpec
    module: Any | None  # of a TorchPolicy
    behaviour: str  # a name of the actor's; "none" beside a function
    descriptor_size: int
    max_steps: int
    episode_timeout: float | None  # seconds
    fresh: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """One evaluation: the sizes of what lies in the shared block, and the address of its randomness."""

    rows: int
    bases: int
    parameters: int
    scaled: bool
    observations: int
    descriptor: int
    moments: bool
    key: NoiseKey

    def fields(self) -> list[Field]:
        """The block's arrays: the population, the frozen observation statistics, the results by row."""
        r, o = self.rows, self.observations
        seen = r if self.moments else 0
        scale = [("scale_bp", np.float32, (self.bases, self.parameters))] if self.scaled else []
        return [
            ("base_bp", np.float32, (self.bases, self.parameters)),
            *scale,
            ("base_r", np.int32, (r,)),
            ("sigma_r", np.float32, (r,)),
            ("noise_r", np.int32, (r,)),
            ("sign_r", np.int8, (r,)),
            ("candidate_r", np.int32, (r,)),
            ("episode_r", np.int32, (r,)),
            ("obs_count", np.float64, (1,)),
            ("obs_mean", np.float64, (o,)),
            ("obs_m2", np.float64, (o,)),
            ("returns_r", np.float64, (r,)),
            ("lengths_r", np.int32, (r,)),
            ("failed_r", np.bool_, (r,)),
            ("entropy_r", np.float64, (r,)),
            ("behaviour_rd", np.float64, (r, self.descriptor)),
            ("count_r", np.float64, (seen,)),
            ("mean_ro", np.float64, (seen, o)),
            ("m2_ro", np.float64, (seen, o)),
        ]


@dataclass(frozen=True, slots=True)
class Done:
    """One row has run. `reason`: why it failed; `fatal`: no failure of an episode, but of the settings."""

    row: int
    reason: str | None = None
    fatal: bool = False


class _EpisodeFailed(Exception):
    """The episode cannot go on; the text says why."""


class _DescriptorError(ValueError):
    """The user's descriptor is of the wrong size."""


def main(socket: int, block: int, parent: int) -> None:
    """Serve the parent over `socket` until it says stop or is gone."""
    global running  # noqa: PLW0603 - a fact about this process
    running = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody; the parent decides
    for descriptor in (socket, block):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with, args=(socket, parent), daemon=True).start()
    connection = Connection(socket)
    worker = None
    try:
        worker = _started(connection)
        if worker is not None:
            worker.serve(Block(block))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone
    finally:
        if worker is not None:
            worker.close()
        os._exit(0)  # nothing of the environment's may keep the process


def _end_with(socket: int, parent: int) -> None:
    """End this process when the parent's end of the socket is closed, or the parent has another successor."""
    poll = select.poll()
    poll.register(socket, 0)  # hang-up alone
    while not poll.poll(1000) and os.getppid() == parent:
        pass
    os._exit(1)


def _started(connection: Connection) -> Worker | None:
    """A worker with its environment, or None once the parent was told why there is none."""
    start: Start | None = None
    try:
        start = _unpickled(connection.recv_bytes())
        worker = Worker(connection, start)
        connection.send(worker.look(start))
        return worker
    except (EOFError, ConnectionError):
        raise
    except Exception as error:
        if start is None:
            text = f"a worker process cannot read what it is to do: {type(error).__name__}: {error}"
            connection.send(Broken(text, refused=True))
        else:
            connection.send(Broken(start.maker.why_not(error), isinstance(error, ValueError | TypeError | ImportError)))
        return None


def _unpickled(data: bytes) -> Start:
    main_module, payload = pickle.loads(data)
    if main_module is not None:  # something of the user's script is needed: import it, as multiprocessing does
        multiprocessing.spawn.prepare(main_module)
    start = pickle.loads(payload)
    assert isinstance(start, Start)
    return start


class Worker:
    """One environment and the actor around it."""

    def __init__(self, connection: Connection, start: Start) -> None:
        self._connection = connection
        self._make = start.maker
        self._descriptor = start.descriptor
        self._flatten = start.flatten_observation
        self._env: gymnasium.Env[Any, Any] | None = start.maker()
        self._interface = read_interface(self._env, start.flatten_observation)
        self._job: _Player | None = None

    def look(self, start: Start) -> Ready:
        """What the parent needs to know."""
        fresh, same, size = start.fresh_env == "always", True, 0
        if start.look_closely:
            if start.fresh_env == "auto":
                fresh = not reset_restores_everything(self._make)
                same = not fresh or repeats(self._make)
            size = self._descriptor_size()
        return Ready(self._interface, fresh, same, size, private_bytes())

    def _descriptor_size(self) -> int:
        if self._descriptor is None:
            return 0
        env = self._make()
        env.reset(seed=0)
        observation, _, _, _, info = env.step(env.action_space.sample())
        described = np.asarray(self._descriptor(env, observation, info))
        env.close()
        if described.ndim != 1 or described.dtype.kind not in "fiub":
            raise TaskError(
                f"a behaviour function must return (D,) numbers, got shape {described.shape} of {described.dtype}"
            )
        return described.size

    def serve(self, block: Block) -> None:
        """Answer messages until told to stop."""
        player: _Player | None = None
        while True:
            message = self._connection.recv()
            if isinstance(message, Job):
                player = _Player(message, self._make, self._env, self._interface, self._descriptor)
                self._env = None
            elif isinstance(message, Batch):
                assert player is not None
                player.prepare(message, block)
            elif message is None:
                if player is not None:
                    player.close()
                return
            else:
                assert player is not None
                self._connection.send(player.play(message))

    def close(self) -> None:
        """Close the environment that no player has taken."""
        if self._env is not None:
            self._env.close()


@dataclass(slots=True)
class _Tally:
    """What an episode came to so far."""

    total: float = 0.0
    steps: int = 0
    reason: str | None = None
    started: float = field(default_factory=time.monotonic)


class _Player:
    """Runs rows of the present batch."""

    def __init__(
        self,
        job: Job,
        make: EnvMaker,
        env: gymnasium.Env[Any, Any] | None,
        interface: Interface,
        descriptor: Descriptor | None,
    ) -> None:
        self._job = job
        self._make = make
        self._env = env
        self._used = False
        self._descriptor = descriptor
        self._observation_shape = interface.observation_shape
        self._action_dtype = np.dtype(interface.action_dtype)
        self._spec = job.spec
        self._brain = _brain(job)
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
        self._population = Population(
            **{name: views[name] for name in names},
            scale_bp=views.get("scale_bp"),
            hyperparameters=Hyperparameters(),
            key=batch.key,
        )
        self._normaliser = core().Normaliser.from_moments(
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
        except _EpisodeFailed as error:
            tally.reason = str(error)
        except _DescriptorError as error:
            tally.reason, fatal = str(error), True
        except Exception as error:
            tally.reason = _where(error)
        if tally.reason is not None:
            self._drop_env()  # whatever state it is in
            if self._batch.moments:
                views["count_r"][row] = 0.0
        views["returns_r"][row] = tally.total
        views["lengths_r"][row] = tally.steps
        views["failed_r"][row] = tally.reason is not None
        return Done(row, tally.reason, fatal)

    def _episode(self, row: int, tally: _Tally) -> None:
        core().row_parameters(self._population, row, self._parameters)
        self._views["entropy_r"][row] = self._brain.entropy(self._parameters)
        key, episode = self._batch.key, int(self._population.episode_r[row])
        seed = int(core().reset_seed(key, episode))
        seed_globals(seed)
        env = self._env_for_an_episode()
        observation, info = env.reset(seed=seed)
        self._brain.begin(
            self._normaliser,
            self._parameters,
            key,
            episode,
            key.stream != Stream.EVALUATION,
            self._moments(row),
            self._views["behaviour_rd"][row] if self._brain.describes else None,
        )
        # The loop that everything else is there for: names bound here are looked up once.
        step, brain, answer, take = env.step, self._brain.act, self._spec.answer, self._take
        seen, action, dtype = self._observation, self._action, self._action_dtype
        limit, timeout = self._job.max_steps, self._job.episode_timeout
        convert = dtype.kind == "f" and dtype != np.float32
        while tally.steps < limit:
            take(observation)
            if not brain(seen, action):
                raise _EpisodeFailed(self._not_finite(action))
            chosen: Any = answer(action)
            observation, reward, terminated, truncated, info = step(chosen.astype(dtype) if convert else chosen)
            tally.steps += 1
            gained = reward if type(reward) is float else _number(reward)
            if not isfinite(gained):
                raise _EpisodeFailed(f"step {tally.steps} gave the reward {reward!r}")
            tally.total += gained
            if terminated or truncated:
                break
            if timeout is not None and time.monotonic() - tally.started > timeout:
                raise _EpisodeFailed(f"it outlived episode_timeout = {timeout:g} seconds, at step {tally.steps}")
        take(observation)
        if not self._brain.finish(seen):
            raise _EpisodeFailed(self._not_finite(action))
        if self._descriptor is not None:
            self._views["behaviour_rd"][row] = self._described(self._descriptor(env, observation, info))

    def _take(self, observation: Any) -> None:
        """Copy what the environment gave into the vector that the policy reads."""
        if np.shape(observation) != self._observation_shape:
            raise _EpisodeFailed(
                f"an observation has shape {np.shape(observation)}, its space says {self._observation_shape}"
            )
        self._observation_view[...] = observation

    def _not_finite(self, action: F32) -> str:
        if np.isfinite(self._observation).all():
            return f"the policy's action is not finite: {action[:8].tolist()}"
        wrong = np.flatnonzero(~np.isfinite(self._observation))
        return f"element {wrong[0]} of an observation is {self._observation[wrong[0]]}"

    def _described(self, given: Any) -> F64:
        described = np.asarray(given)
        if described.shape != (self._job.descriptor_size,):
            raise _DescriptorError(
                f"the behaviour function must return {self._job.descriptor_size} numbers for every episode, as for the "
                f"first; got shape {described.shape}"
            )
        return described.astype(np.float64)

    def _moments(self, row: int) -> tuple[F64, F64, F64] | None:
        if not self._batch.moments:
            return None
        views = self._views
        return views["count_r"][row : row + 1], views["mean_ro"][row], views["m2_ro"][row]

    def _env_for_an_episode(self) -> gymnasium.Env[Any, Any]:
        if self._used and self._job.fresh:
            self._drop_env()
        if self._env is None:
            self._env = self._make()
        self._used = True
        return self._env

    def _drop_env(self) -> None:
        env, self._env = self._env, None
        self._used = False
        try:
            if env is not None:
                env.close()
        except Exception:  # it is gone either way
            pass

    def close(self) -> None:
        """Close the environment."""
        self._drop_env()


class _CompiledBrain:
    """The compiled policy: one call a step."""

    def __init__(self, job: Job) -> None:
        from bierl_fast.evaluation.policy import policy_shape  # noqa: PLC0415

        shape = policy_shape(job.spec)
        self.entropy: Callable[[F32], float] = shape.relative_entropy
        self.describes = job.behaviour != "none"
        actor = core().EpisodeActor(shape, job.behaviour)
        self.begin, self.act, self.finish = actor.begin, actor.act, actor.finish


def _brain(job: Job) -> Any:
    if job.module is None:
        return _CompiledBrain(job)
    import torch  # noqa: PLC0415

    from bierl_fast.evaluation.torch_policy import TorchBrain  # noqa: PLC0415

    torch.set_num_threads(1)
    return TorchBrain(job.spec, job.module, job.behaviour)


def _number(reward: Any) -> float:
    if np.ndim(reward) != 0:
        raise _EpisodeFailed(f"a reward has shape {np.shape(reward)}, expected a number")
    return float(reward)


def _where(error: Exception) -> str:
    """An error of the user's code with the line it came from."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno})"


def private_bytes() -> int:
    """Memory of this process that no other shares; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            _, resident, shared, *_ = (int(pages) for pages in file.read().split())
    except OSError:
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
