"""An id of Gymnasium's registry for a task of one's own.

register("MyRobot-v0", task)  ->  gymnasium.make("MyRobot-v0"), bf.Config(task="MyRobot-v0"), ...
"""

from __future__ import annotations

import os

from bierl_fast._registration import ENTRY_POINT, MUJOCO_TASK
from bierl_fast.errors import ArgumentError
from bierl_fast.public import public
from bierl_fast.reasons import reason
from bierl_fast.tasks.mujoco_task import MujocoTask


@public
def register(id: str, task: MujocoTask | str | os.PathLike[str], *, reward_threshold: float | None = None) -> None:
    """Give a task of one's own an id, in this process: gymnasium.make and everything here then know it.

    A run writes down what the task is and not its id, so that it goes on in programs that do not register it.

    Args:
        id: such as "MyRobot-v0", or "mine/MyRobot-v0". What was registered under it before is replaced.
        task: the task, or the path of its TOML file.
        reward_threshold: the return at which it counts as solved.

    Raises:
        ArgumentError: an id that Gymnasium does not take.
        TaskError: see MujocoTask.load.
    """
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    described = task if isinstance(task, MujocoTask) else MujocoTask.load(task)
    try:
        before = gymnasium.registry.get(id)
        if before is not None and before.entry_point == ENTRY_POINT:  # of others' ids Gymnasium says that it goes
            del gymnasium.registry[id]
        gymnasium.register(
            id,
            ENTRY_POINT,
            reward_threshold=reward_threshold,
            max_episode_steps=described.episode_steps,
            kwargs={"native": MUJOCO_TASK, **described.keywords()},
        )
    except gymnasium.error.Error as error:
        raise ArgumentError(f"id {id!r} cannot be registered: {reason(error)}", ["id"]) from error
