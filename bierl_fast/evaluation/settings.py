"""The settings of tasks, policies and episodes, whoever runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from bierl_fast.evaluation.arguments import MOST_STEPS
from bierl_fast.machine import MOST_THREADS
from bierl_fast.settings import Section, required, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings(Section):
    """What is to be done."""

    title: ClassVar[str] = "task"

    task: str | Callable[..., Any] = required(
        "Gymnasium id of the task (see `bierl tasks`), a task file (FILE.toml), or what makes an environment, by its "
        "import path, module:NAME or FILE.py:NAME; with dim a function that is maximised, native or by its import path",
        names_code=True,
        also=("env", "env_id", "env_name", "environment", "gym_id", "problem"),
    )
    task_kwargs: dict[str, Any] = setting(
        dict,
        "the task's own keyword arguments (Gymnasium's, or a function's): name=value, a word, a path, or as in TOML",
        also=("env_kwargs", "env_config", "environment_kwargs", "make_kwargs", "kwargs"),
    )
    dim: int | None = setting(
        None,
        "parameters of a function task; it has no network, so settings of networks and episodes do not apply",
        at_least=1,
        at_most=2**30,
        also=("dimension", "dimensions", "n_dim", "ndim", "num_params", "solution_length"),
    )
    vectorized: bool = setting(False, "whether a Python function takes a block (k, dim) and gives k values")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings(Section):
    """What acts."""

    title: ClassVar[str] = "policy"

    hidden: tuple[int, ...] = setting(
        (64, 64),
        "hidden layer sizes of the policy; empty: a linear policy",
        common=True,
        at_least=1,
        at_most=MOST_STEPS,
        also=("hidden_sizes", "hidden_size", "hidden_layers", "layers", "net_arch", "policy_layers", "architecture"),
    )
    activation: str = setting("tanh", "of the hidden layers", choices=("tanh", "relu"))
    policy: str | Callable[..., Any] | None = setting(
        None,
        "a torch module instead of the network of hidden layers, in worker processes: a function that makes it, by its "
        "import path module:function, given nothing or the sizes of observation and action (none: the network)",
        names_code=True,
    )
    squash: str | None = setting(
        None,
        "how actions are brought into the task's box, none: not at all (left open: what the strategy needs, else clip)",
        choices=("clip", "tanh", "none"),
        left_open="clip",
    )
    action_noise: str | None = setting(
        None,
        "Gaussian action noise (left open: what the strategy needs)",
        choices=("none", "fixed", "evolved"),
        left_open="none",
        also=("exploration", "exploration_noise", "noise_type"),
    )
    log_std: float = setting(-1.0, "of the action noise (its start, where evolved)", at_least=-1e30, at_most=88.0)
    obs_norm: bool | None = setting(
        None,
        "normalise observations by running mean and standard deviation (left open: unless the strategy must not)",
        left_open=True,
        also=(
            "normalize_obs",
            "norm_obs",
            "obs_normalization",
            "normalize",
            "observation_normalization",
            "use_obs_norm",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSettings(Section):
    """How episodes run, and where."""

    title: ClassVar[str] = "episodes"

    episode_cap: int | None = setting(
        None,
        "cut training episodes at this many steps; reporting evaluations run to their end",
        at_least=1,
        at_most=MOST_STEPS,
        also=("max_episode_steps", "max_episode_length", "episode_length", "max_steps_per_episode", "time_limit"),
    )
    behavior: str | Callable[..., Any] = setting(
        "final_position",
        "descriptor that novelty methods compare; of one's own, in worker processes: a function of environment, last "
        "observation and last info, by its import path module:function",
        was="behaviour",
        names_code=True,
    )
    threads: int | None = setting(
        None,
        "threads of the simulator, and worker processes where workers are not given (none: the cores this process may "
        "use); results are the same at any number",
        training=False,
        common=True,
        machine=True,
        at_least=1,
        at_most=MOST_THREADS,
        also=("n_threads", "num_threads", "nthreads", "cpus", "num_cpus", "cores", "n_cores"),
    )
    evaluator: str = setting(
        "auto",
        "where episodes run: native threads, worker processes for any Gymnasium environment, or ray, the nodes of a "
        "cluster; auto: by the task",
        also=("backend", "runner"),
    )
