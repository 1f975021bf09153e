"""The settings of a run itself: what it is made of, when it ends, what it starts from, what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.settings import FAR, MANY, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings(Section):
    """What a run is made of, and when it ends."""

    title: ClassVar[str] = "run"

    strategy: str = setting(
        "es",
        "evolution strategy of the inner level",
        common=True,
        also=("algo", "algorithm", "method", "agent", "alg"),
    )
    meta: str = setting(
        "auto",
        "meta-level that sets the hyperparameters; none keeps them fixed, auto takes one that suits the strategy and "
        "costs no steps",
        common=True,
        also=("meta_level", "meta_learner", "outer", "metalevel"),
    )
    seed: int = setting(
        0,
        "address of all randomness: equal seeds give equal runs",
        common=True,
        at_least=0,
        at_most=2**64 - 1,
        also=("seeds", "random_seed", "rng_seed"),
    )
    generations: int | None = setting(
        None,
        "train until this many generations are done",
        training=False,
        common=True,
        at_least=1,
        at_most=FAR,
        also=("gens", "iterations", "iters", "n_iter", "num_generations", "n_generations", "num_iterations", "epochs"),
    )
    total_steps: int | None = setting(
        None,
        "train until the first generation end with this many environment steps",
        training=False,
        common=True,
        at_least=1,
        at_most=FAR,
        also=(
            "timesteps",
            "total_timesteps",
            "num_timesteps",
            "n_timesteps",
            "steps",
            "max_steps",
            "env_steps",
            "num_steps",
            "budget",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStartSettings(Section):
    """What a meta-level's generator starts from."""

    title: ClassVar[str] = "warm start"

    warm_start: str | None = setting(
        None,
        "trained generator that the meta-level starts from: a file of `bierl pretrain`, or the name of one that comes "
        "with the package; the settings that it was trained with (meta, adapt, sizes, window, moves) come with it, and "
        "others than these, or than the defaults, are refused; meta_budget 0 uses it as it is, without learning on",
        also=("pretrained", "init_from", "checkpoint"),
    )
    warm_start_task: str | None = setting(
        None,
        "task on which this run trains its generator first, by one-step credit; its steps count; a native "
        "function there has the run's dim",
        names_code=True,
    )
    warm_start_limit: int = setting(
        1_000_000,
        "environment steps that a run spends on its warm_start_task, below total_steps",
        at_least=1,
        at_most=FAR,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings(Section):
    """Evaluations beside the training, checkpoints, and policies that are kept."""

    title: ClassVar[str] = "reports"

    eval_interval: int = setting(
        0,
        "generations between reporting evaluations; 0: none",
        training=False,
        common=True,
        at_least=0,
        at_most=FAR,
        also=("eval_freq", "eval_every", "evaluation_interval", "test_interval"),
    )
    eval_episodes: int = setting(
        10,
        "episodes of a reporting evaluation",
        training=False,
        at_least=1,
        at_most=MANY,
        also=("n_eval_episodes", "num_eval_episodes", "evaluation_episodes"),
    )
    target_return: float | None = setting(
        None,
        "end the run when a reporting evaluation's mean return is at least this",
        training=False,
        also=("target", "stop_reward", "reward_threshold", "solved_at"),
    )
    checkpoint_seconds: float = setting(
        10.0,
        "wall time between checkpoints; 0: after every generation",
        training=False,
        at_least=0.0,
        also=("checkpoint_interval", "checkpoint_freq", "checkpoint_every"),
    )
    policy_interval: int = setting(
        0,
        "generations between policies that a run's directory keeps, policies/GENERATIONS.npz; 0: none",
        training=False,
        at_least=0,
        at_most=FAR,
        also=("save_freq", "save_interval", "save_every", "keep_interval", "snapshot_interval"),
    )
