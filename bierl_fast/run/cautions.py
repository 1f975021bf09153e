"""What a run's owner should hear, though it goes on: settings without effect, a faster task, nothing learned.

Config -> RunWarning
"""

from __future__ import annotations

from collections.abc import Mapping

from bierl_fast.config.config import Config
from bierl_fast.config.ranges import not_adapted
from bierl_fast.config.sections import functions
from bierl_fast.errors import RunWarning, warn
from bierl_fast.evaluation.native import is_native, native_tasks
from bierl_fast.import_path import in_a_file
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.meta.history import Range
from bierl_fast.tasks.code import unnamed


def of_an_older_version(config: Config) -> None:
    """RunWarning for an id whose later version is native: the older one runs in worker processes, at half the speed."""
    if not isinstance(config.task, str) or config.dim is not None or is_native(config.task):
        return
    stem, _, version = config.task.rpartition("-v")
    of_native = (entry["id"].rpartition("-v") for entry in native_tasks())
    newer = [f"{stem}-v{other}" for name, _, other in of_native if name == stem and _is_later(other, version)]
    if newer:
        warn(f"{config.task} runs in worker processes; {newer[0]} is native, and at least twice as fast", RunWarning)


def of_the_unnamed(config: Config) -> None:
    """RunWarning for functions that a saved run cannot find again."""
    named = config.named()
    lost = {name: path for name in functions() if (path := getattr(named, name) or "").startswith("<")}
    if lost:
        told = ", ".join(f"the {name} {path}" for name, path in lost.items())
        again = ", ".join(f"{name}=..." for name in lost)
        typed = " ".join(f"--{name} {in_a_file(path)}" for name, path in lost.items())
        warn(
            f"{told} cannot be imported by name: to evaluate or resume this run give it again, {again} in Python or "
            f"{typed} on the command line",
            RunWarning,
        )
    terms = unnamed(config.task, config.task_kwargs)
    if terms:
        warn(
            f"the term{'s' * (len(terms) > 1)} {', '.join(terms)} cannot be imported by name: to evaluate or resume "
            "this run give its task again, task=... in Python; a term at the top level of a module or file is found "
            "again",
            RunWarning,
        )


def _is_later(version: str, other: str) -> bool:
    return version.isdecimal() and other.isdecimal() and int(version) > int(other)


def of_ranges(config: Config, adapted: Mapping[str, Range]) -> None:
    """RunWarning for ranges without effect; not where nothing is adapted, nor twice for a run's own warm start."""
    idle = not_adapted(config, adapted)
    if idle and config.adapts and config.warm_start_task is None:
        warn(
            f"the range or scale of {', '.join(idle)} has no effect: the meta-level {config.meta!r} moves "
            f"{', '.join(adapted)} alone; name it in adapt, or leave the range out",
            RunWarning,
        )


def of_the_missing_center(config: Config, warm_start: WarmStart | None) -> None:
    """RunWarning where a generator misses what it was trained to read: it would take any sigma for a small one."""
    if warm_start is not None and warm_start.made.get("credit") == "run" and config.center_episodes == 0:
        warn(
            "the warm start's generator reads where the centre's return stands among its candidates' to see that "
            "sigma is too large, and center_episodes 0 leaves that out; take center_episodes 1",
            RunWarning,
        )


def of_no_meta_update(config: Config, meta_updates: int) -> None:
    """RunWarning where a meta-level that was to learn made no update until the run's end."""
    if not config.learns or meta_updates:
        return
    meant, instead = "its hyperparameters never moved", ""
    if config.warm:
        meant = "its generator stayed as it began"
        instead = " (0 leaves it so on purpose)"
    warn(
        f"the run ended before the first update of its meta-level {config.meta!r}: {meant}; train longer, or lower "
        f"meta_interval or raise meta_budget{instead}",
        RunWarning,
    )
