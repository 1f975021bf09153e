"""The parts of a run that was saved, where its task is still what it was.

Config, policy.npz -> parts_again -> Parts
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, TaskError
from bierl_fast.evaluation.environment.maker import require_same_maker
from bierl_fast.evaluation.policy.saved import saved_spec
from bierl_fast.evaluation.policy.spec import PolicySpec, require_same_kind
from bierl_fast.run import build


def parts_again(config: Config, policy: Path, another: bool) -> build.Parts:
    """The parts of a run that was saved, whose task is what its policy, in the file `policy`, was made for.

    `another`: whether it is meant to be another one, of the same kind.

    Raises:
        ConfigError: see build.make_parts; or the task has other observations and actions, or its id stands for another
            one.
    """
    saved = saved_spec(policy)
    try:
        if saved is not None and not another and saved.task == config.task:  # which may be imported
            require_same_maker(saved)
        parts = build.make_parts(config)
        now = getattr(parts.evaluator.policy, "spec", None)
        if saved is None or not isinstance(now, PolicySpec):
            return parts
        with ExitStack() as refused:
            refused.callback(parts.evaluator.close)
            require_same_kind(saved, now)
            refused.pop_all()
        return parts
    except TaskError as error:
        raise ConfigError(str(error), error.settings) from error
