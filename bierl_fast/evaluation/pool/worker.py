"""A worker process of the pool: makes one environment, looks at it, and plays rows until it is told to stop.

It ends with its parent, whatever the episode is doing, and so does what its environment has started: by its keeper, by
a lifeline to each of them, and by a thread where that cannot tell, as the system is not Linux. The thread has to wait
for compiled code that holds the interpreter.
"""

from __future__ import annotations

import errno
import multiprocessing.spawn
import os
import pickle
import select
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from bierl_fast.errors import TaskError
from bierl_fast.evaluation.environment.answers import stepped
from bierl_fast.evaluation.environment.probe import Findings, Holder, TryOut
from bierl_fast.evaluation.environment.spaces import read_interface, seeded_reset
from bierl_fast.evaluation.pool.descriptors import far, print_to_stderr
from bierl_fast.evaluation.pool.episode import Player
from bierl_fast.evaluation.pool.forked import WorkersConnection, this_is_the_worker
from bierl_fast.evaluation.pool.lifeline import tie
from bierl_fast.evaluation.pool.messages import (
    Batch,
    Closed,
    Closing,
    Descriptor,
    Doing,
    Done,
    Found,
    Job,
    PickledMessage,
    PolicyReady,
    Ready,
    Start,
    StartFailed,
)
from bierl_fast.evaluation.pool.shared_block import Block, Place, SharedFile
from bierl_fast.reasons import reason

TRIALS = 100  # episodes begun to learn how many numbers a behavior function gives
SPEAK_SECONDS = 1.0  # between signs of life while an environment is tried out
ROBBED = 117  # exit code of a worker whose environment closed what it did not open

running = False  # whether this process is a worker


def main(socket: int, files: tuple[int, int, int], keeper_end: int) -> None:
    """Serve the parent over `socket` until it says stop or is gone.

    `files`: descriptors of the shared block, the pickled messages, and the lifeline. `keeper_end`: see `keeper.keep`.
    """
    global running  # noqa: PLW0603 - a fact about this process
    running = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to everybody; the parent decides
    print_to_stderr()
    socket, block, pickled = far(socket), Block(far(files[0])), SharedFile(far(files[1]))
    for end in (files[2], keeper_end):
        tie(end, signal.SIGKILL, -os.getpgrp())
        os.close(end)
    threading.Thread(target=_end_with, args=(socket, os.getppid()), daemon=True).start()
    this_is_the_worker()
    connection = WorkersConnection(socket)
    code = 1
    try:
        code = 0 if _served(connection, block, pickled) else 1
    except OSError as error:
        if error.errno in (errno.EBADF, errno.ENOTSOCK):
            code = ROBBED
    except EOFError:
        pass  # the parent is gone
    finally:
        os._exit(code)  # nothing of the environment's may keep the process


def _served(connection: Connection, block: Block, pickled: SharedFile) -> bool:
    """Do all that is to be done; False when that cannot be, and the parent was told why."""
    try:
        worker = _started(connection, pickled)
        return worker is not None and worker.serve(block, pickled)
    except (OSError, EOFError):
        raise
    except BaseException as error:
        connection.send(StartFailed(f"a worker process broke: {reason(error)}", refused=False))
        return False


def _end_with(socket: int, keeper: int) -> None:
    """End this process when the parent closes its end of the socket, or the keeper is gone."""
    poll = select.poll()
    poll.register(socket, 0)  # hang-up alone
    while not poll.poll(1000) and os.getppid() == keeper:
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _started(connection: Connection, pickled: SharedFile) -> Worker | None:
    """A worker with its environment, or None once the parent was told why there is none."""
    start = _opened(connection, pickled.read(connection.recv()))
    if start is None:
        return None
    worker: Worker | None = None
    try:
        worker = Worker(connection, start)
        ready = worker.look(start)
    except BaseException as error:
        if worker is not None and worker.asked and not isinstance(error, TaskError):
            # The environment could be made, and a second one cannot be in this process: another goes on from here.
            connection.send(Closing())
            return None
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
    except BaseException as error:
        text = (
            f"a worker process cannot read what it is to do: {reason(error)}; what the task names must "
            'stand at the top level of a module or script file, outside `if __name__ == "__main__":`'
        )
        connection.send(StartFailed(text, refused=True))
        return None


class Worker:
    """One environment and the actor around it.

    Attributes:
        asked: whether anything was tried out yet.
    """

    def __init__(self, connection: Connection, start: Start) -> None:
        self._connection = connection
        self._descriptor = start.descriptor
        self._spoke = -SPEAK_SECONDS
        self._question: str | None = None
        self.asked = False
        self._starting = True
        self._holder = Holder(start.maker, self._doing, self._closing)
        env = self._holder.new()
        self._interface = read_interface(env, start.maker.flatten)

    def _doing(self, text: str, question: str | None) -> None:
        """Say so while it starts, at once where it is something new, and then now and then."""
        self.asked = self.asked or question is not None
        now = time.monotonic()
        if self._starting and (question != self._question or now - self._spoke > SPEAK_SECONDS):
            self._spoke, self._question = now, question
            self._connection.send(Doing(text, question))

    def _closing(self, begins: bool) -> None:
        self._connection.send(Closing() if begins else Closed())

    def look(self, start: Start) -> Ready:
        """What the parent needs to know."""
        findings = start.findings
        if findings is not None:
            findings = self._tried_out(start, findings)
            self._settle(findings, never=start.settings.fresh_env == "never")
        self._starting = False
        return Ready(self._interface, findings or Findings(), private_bytes())

    def _tried_out(self, start: Start, findings: Findings) -> Findings:
        trial = TryOut(
            self._holder,
            findings,
            self._doing,
            lambda found: self._connection.send(Found(found)),
            timeout=start.settings.episode_timeout,
            most_steps=start.episode_cap,
        )
        if findings.seed_bits is None:
            trial.seed_bits()
        if findings.descriptor_size is None:
            trial.found(descriptor_size=self._descriptor_size())
        if self._interface.time_limit is None and start.episode_cap is None and findings.time_limit is None:
            trial.time_limit()
        if findings.fresh is None and start.settings.fresh_env != "auto":
            trial.found(fresh=start.settings.fresh_env == "always", repeats=True)
        if trial.findings.fresh is None or trial.findings.repeats is None:
            trial.fresh()
        return trial.findings

    def _settle(self, findings: Findings, never: bool) -> None:
        """Leave an unused environment, or one whose reset restores everything, or none."""
        if not self._holder.used:
            return
        if findings.fresh:
            self._holder.close()
        elif never:
            self._holder.new()

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
        env, first = self._holder.env, None
        assert env is not None
        self._holder.used = True
        for seed in range(TRIALS):
            self._doing("trying its behavior function", "descriptor_size")
            try:
                seeded_reset(env, seed)
                observation, _, _, _, info = stepped(env, env.step(env.action_space.sample()))
            except BaseException as error:  # an episode may raise
                first = first or error
            else:
                return _described(descriptor, env, observation, info)
        raise TaskError(
            f"the behavior function has nothing to describe, since each of {TRIALS} episodes raised an error at its "
            f"first step: {reason(first) if first else None}"
        )

    def _player(self, job: Job) -> Player:
        return Player(job, self._holder, self._interface, self._descriptor)

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
                self._holder.close()
                return True
            else:
                assert player is not None
                done: Done = player.play(message)
                self._connection.send(done)
                player.tidy()  # after the answer: a close that hangs is no fault of the episode's


def _described(descriptor: Descriptor, *episode: Any) -> Any:
    try:
        return descriptor(*episode)
    except BaseException as error:
        raise TaskError(f"the behavior function raised {reason(error)}") from error


def private_bytes() -> int:
    """Memory of this process that no other shares; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            _, resident, shared, *_ = (int(pages) for pages in file.read().split())
    except OSError:
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
