"""One run of a trial, in a process of its own.

command line: the job as JSON -> main -> train or resume, then evaluate -> exit code; see comparison/harness.py

Messages {"look": [NUMBER, VALUE]} tell how it does on the way; a run that goes on tells the earlier ones once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bierl_fast.comparison.harness import Post, employed
from bierl_fast.comparison.worker import trained
from bierl_fast.config import toml
from bierl_fast.run.directory import RunDirectory
from bierl_fast.sweeping.score import Looks, scored


def main(job: dict[str, Any]) -> int:
    """Do a job: run_dir, planned (a TOML file of settings), resume, objective, looks, episodes, seed, trust."""
    return employed(job, _run)


def _run(job: dict[str, Any], post: Post) -> None:
    directory = RunDirectory(Path(job["run_dir"]))
    config = toml.read_saved(Path(job["planned"]))
    looks = Looks(config, job["looks"], lambda number, value: post.say({"look": [number, value]}))
    diverged = trained(job, directory, config, post, callbacks=[post.stop, looks])
    if post.stop.is_set:  # its trial was pruned: nobody waits for its end
        return
    own = {name: job[name] for name in ("objective", "looks", "episodes", "seed")}
    scored(directory, config, diverged=diverged, trust=job["trust"] or config.named_code(), **own)
