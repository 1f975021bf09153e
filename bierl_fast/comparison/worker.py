"""One run of a comparison, in a process of its own.

command line: the job as JSON -> main -> train or resume, then evaluate -> exit code; see harness.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bierl_fast.comparison import measure
from bierl_fast.comparison.harness import Post, employed
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import AllEpisodesError, AllFailedError, one_line
from bierl_fast.run import api, checkpoint
from bierl_fast.run.callbacks import Callback
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loop import ended as at_its_end


def main(job: dict[str, Any]) -> int:
    """Do a job: run_dir, planned (a TOML file of settings), resume, episodes, seed, trust. The exit code."""
    return employed(job, _run)


def _run(job: dict[str, Any], post: Post) -> None:
    directory = RunDirectory(Path(job["run_dir"]))
    config = toml.read_saved(Path(job["planned"]))
    diverged = trained(job, directory, config, post, total_steps=config.total_steps)
    measure.measure(directory, config, job["episodes"], job["seed"], diverged, job["trust"])
    if diverged is not None:
        post.say({"warning": f"diverged, which counts as the worst return: {one_line(diverged)}"})


def trained(
    job: dict[str, Any],
    directory: RunDirectory,
    config: Config,
    post: Post,
    *,
    total_steps: int | None = None,
    callbacks: Sequence[Callback] = (),
) -> AllFailedError | AllEpisodesError | None:
    """Train a run, or go on with it, to its end; how it diverged, where it did.

    Args:
        job: run_dir, resume, trust, as `main` takes them.
        directory: the run's.
        config: the run's.
        post: hears how it goes.
        total_steps: the new total of a run that goes on; None: its own ends stay.
        callbacks: as for bf.train.
    """
    followed: dict[str, Any] = {"observer": post.observe, "callbacks": callbacks}
    try:
        if not job["resume"]:
            api.train(config, directory.path, warm_start_observer=post.observe, **followed)
        elif not at_its_end(config, checkpoint.load(directory.checkpoint, directory.read_config()).counters):
            trust = job["trust"] or config.named_code()  # what the parent's own file names is its user's code
            api.resume(directory.path, total_steps=total_steps, trust=trust, **followed)
    except AllFailedError as error:
        if not directory.checkpoint.is_file():  # in its warm start: the run itself has not begun
            raise
        reached = checkpoint.load(directory.checkpoint, directory.read_config()).counters
        if not at_its_end(config, reached):  # else its own evaluations alone gave no number
            return error
    return None
