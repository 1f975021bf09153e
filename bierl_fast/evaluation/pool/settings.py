"""The settings of worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.machine import MOST_THREADS
from bierl_fast.settings import MANY, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings(Section):
    """How worker processes run episodes."""

    title: ClassVar[str] = "worker processes"

    workers: int | None = setting(
        None,
        "processes for tasks that are not native (none: as many as threads); results are the same at any number",
        training=False,
        machine=True,
        at_least=1,
        at_most=MOST_THREADS,
        also=("n_workers", "num_workers", "processes", "n_jobs", "jobs", "num_envs", "n_envs", "num_actors"),
    )
    fresh_env: str = setting(
        "auto",
        "a new environment for every episode in worker processes; auto: where reset does not restore everything in "
        "the first 1,000 steps of an episode",
        choices=("auto", "always", "never"),
    )
    wrapper: tuple[str, ...] = setting(
        (),
        "wrappers around the environment, the last outermost: module:Wrapper, file.py:Wrapper, or with arguments "
        "module:Wrapper(size=4)",
        of_policy=True,
        names_code=True,
        repeated=True,
        also=("wrappers", "env_wrapper", "env_wrappers", "wrap", "wrapper_class"),
    )
    flatten_observation: bool = setting(
        False,
        "take pictures, texts and other arrays of several dimensions as one long vector too, as Dict, Tuple and "
        "Discrete observations always are",
        of_policy=True,
    )
    on_failure: str = setting(
        "rank_last",
        "of an episode in a worker process that raises, answers no number, or outlives episode_timeout",
        choices=("rank_last", "retry", "raise"),
    )
    retries: int = setting(2, "times that on_failure = retry runs an episode again", at_least=0, at_most=MANY)
    episode_timeout: float | None = setting(
        None, "seconds an episode in a worker process may take", above=0.0, also=("timeout", "max_seconds")
    )
    close_timeout: float = setting(
        5.0,
        "seconds an environment in a worker process may take to close; then its process is ended, and the run goes on",
        training=False,
        above=0.0,
    )
