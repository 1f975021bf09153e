"""A worker process of the pool: makes one environment, looks at it, and plays rows until it is told to stop.

It ends with its parent, whatever the episode is doing, and so does what its environment has started: by a lifeline, and
by a thread where that cannot tell, since a fork of the parent outlives it or the system is not Linux. The thread has to
wait for compiled code that holds the interpreter.
"""

from __future__ import annotations

import multiprocessing.spawn
import os
import pickle
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from bierl_fast.errors import TaskError
from bierl_fast.evaluation.environment.probe import Probe
from bierl_fast.evaluation.environment.spaces import SEED_BITS, read_interface, seeded_reset
from bierl_fast.evaluation.pool.episode import Player
from bierl_fast.evaluation.pool.lifeline import tie
from bierl_fast.evaluation.pool.messages import (
    Batch,
    Descriptor,
    Job,
    PickledMessage,
    PolicyReady,
    Probing,
    Ready,
    Start,
    StartFailed,
)
from bierl_fast.evaluation.pool.shared_block import Block, Place, SharedFile

TRIALS = 10  # episodes begun to learn how many numbers a behavior function gives
SPEAK_SECONDS = 1.0  # between signs of life while an environment is tried out

running = False  # whether this process is a worker


def main(socket: int, files: tuple[int, int, int], parent: int) -> None:
    """Serve the parent over `socket` until it says stop or is gone.

    `files`: descriptors of the shared block, the pickled messages, and the lifeline.
    """
    global running  # noqa: PLW0603 - a fact about this process
    running = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody; the parent decides
    _print_to_stderr()
    for descriptor in (socket, *files):
        os.set_inheritable(descriptor, False)
    tie(files[2])
    threading.Thread(target=_end_with, args=(socket, parent), daemon=True).start()
    connection = Connection(socket)
    code = 1
    try:
        block, pickled = Block(files[0]), SharedFile(files[1])
        worker = _started(connection, pickled)
        if worker is not None and worker.serve(block, pickled):
            code = 0
    except (EOFError, BrokenPipeError, ConnectionResetError):
        _end_group()  # the parent is gone
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)  # nothing of the environment's may keep the process


def _print_to_stderr() -> None:
    """What an environment prints, in Python or below, must not mix with what the parent prints as data."""
    if sys.stderr is not None:
        sys.stdout = sys.stderr
        os.dup2(2, 1)


def _end_with(socket: int, parent: int) -> None:
    """End this process when the parent closes its end of the socket, or is gone though a fork of it holds that open."""
    poll = select.poll()
    poll.register(socket, 0)  # hang-up alone
    while not poll.poll(1000) and os.getppid() == parent:
        pass
    _end_group()


def _end_group() -> None:
    """End this process at once, with all that its environment has started; nobody else is left to do it."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _started(connection: Connection, pickled: SharedFile) -> Worker | None:
    """A worker with its environment, or None once the parent was told why there is none."""
    start = _opened(connection, pickled.read(connection.recv()))
    if start is None:
        return None
    try:
        worker = Worker(connection, start)
        ready = worker.look(start)
    except Exception as error:
        from gymnasium.error import Error  # noqa: PLC0415 - gymnasium takes 0.1 s

        refused = isinstance(error, ValueError | TypeError | ImportError | Error)
        connection.send(StartFailed(start.maker.why_not(error), refused))
        return None
    connection.send(ready)
    return worker


def _opened(connection: Connection, packed: bytes, then: Callable[[Any], Any] = lambda content: content) -> Any:
    """What `then` makes of what is in a message, or None once the parent was told why nothing can be made of it."""
    message: PickledMessage = pickle.loads(packed)
    try:
        if message.script is not None:  # something in it stands in the parent's script
            multiprocessing.spawn.prepare(message.script)
        return then(pickle.loads(message.payload))
    except Exception as error:
        text = (
            f"a worker process cannot read what it is to do: {type(error).__name__}: {error}; what the task names must "
            'stand at the top level of a module or script file, outside `if __name__ == "__main__":`'
        )
        connection.send(StartFailed(text, refused=True))
        return None


class Worker:
    """One environment and the actor around it."""

    def __init__(self, connection: Connection, start: Start) -> None:
        self._connection = connection
        self._make = start.maker
        self._descriptor = start.descriptor
        self._spoke = time.monotonic()
        self._env = start.maker()
        self._interface = read_interface(self._env, start.maker.flatten)

    def look(self, start: Start) -> Ready:
        """What the parent needs to know."""
        wanted = start.settings.fresh_env
        fresh, same, bits, size = wanted == "always", True, SEED_BITS, 0
        if start.probe:
            self._connection.send(Probing())
            probe = Probe(self._env, self._make, self._say_so_now_and_then, start.settings.episode_timeout)
            if wanted == "auto":
                fresh = not probe.reset_restores_everything()
                same = not fresh or probe.repeats()
            bits = probe.seed_bits()
            size = self._descriptor_size()
        return Ready(self._interface, fresh, same, bits, size, private_bytes())

    def _say_so_now_and_then(self) -> None:
        if time.monotonic() - self._spoke > SPEAK_SECONDS:
            self._spoke = time.monotonic()
            self._connection.send(Probing())

    def _descriptor_size(self) -> int:
        if self._descriptor is None:
            return 0
        described = np.asarray(self._described_once(self._descriptor))
        if described.ndim != 1 or described.dtype.kind not in "fiub":
            raise TaskError(
                f"a behavior function must return (D,) numbers, got shape {described.shape} of {described.dtype}"
            )
        return described.size

    def _described_once(self, descriptor: Descriptor) -> Any:
        """What the user's function says of the first of a few random steps that the environment answers."""
        env, first = self._make(), None
        try:
            for seed in range(TRIALS):
                try:
                    seeded_reset(env, seed)
                    observation, _, _, _, info = env.step(env.action_space.sample())
                except Exception as error:  # an episode may raise
                    first = first or error
                else:
                    return _described(descriptor, env, observation, info)
        finally:
            env.close()
        raise TaskError(
            f"the behavior function has nothing to describe, since each of {TRIALS} episodes raised an error at its "
            f"first step: {type(first).__name__}: {first}"
        )

    def _player(self, job: Job) -> Player:
        return Player(job, self._make, self._env, self._interface, self._descriptor)

    def serve(self, block: Block, pickled: SharedFile) -> bool:
        """Answer messages until told to stop; False when one could not be read, and the parent was told why."""
        player: Player | None = None
        while True:
            message = self._connection.recv()
            if isinstance(message, Place):
                player = _opened(self._connection, pickled.read(message), self._player)
                if player is None:
                    return False
                self._connection.send(PolicyReady(private_bytes()))
            elif isinstance(message, Batch):
                assert player is not None
                player.prepare(message, block)
            elif message is None:
                if player is not None:
                    player.close()
                return True
            else:
                assert player is not None
                self._connection.send(player.play(message))


def _described(descriptor: Descriptor, *episode: Any) -> Any:
    try:
        return descriptor(*episode)
    except Exception as error:
        raise TaskError(f"the behavior function raised {type(error).__name__}: {error}") from error


def private_bytes() -> int:
    """Memory of this process that no other shares; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            _, resident, shared, *_ = (int(pages) for pages in file.read().split())
    except OSError:
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
