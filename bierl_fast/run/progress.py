"""How a run is doing, while it runs: the few numbers that matter, all that there are where more is asked for.

events of a run -> Progress -> plain lines, in a script or a notebook
"""

from __future__ import annotations

import time
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.public import public
from bierl_fast.run.callbacks import Callback, EndEvent, GenerationEvent, StartEvent
from bierl_fast.run.reporting import achieved

LINE_SECONDS = 5.0  # between plain lines


@public
class Progress(Callback):
    """A callback that prints how a run is doing: a line every few seconds, and its last.

    Example: `bf.train(config, callbacks=[bf.Progress()])`. What the numbers mean stands in docs/following.md.
    One object follows one run after the other; runs of several threads have one each.
    """

    config: Config

    def __init__(self, seconds: float = LINE_SECONDS, verbose: bool = False) -> None:
        """`seconds`: between two lines. `verbose`: all numbers, as `bierl train -v`."""
        self._seconds = seconds
        self._verbose = verbose
        self._began = time.monotonic()
        self._base: tuple[float, int, int] | None = None  # time, generations, steps at this session's start
        self._printed = -float("inf")
        self._pending: dict[str, str] | None = None
        self._latest: dict[str, float] = {}  # diagnostics of the latest meta-update
        self._best: float | None = None  # return of a candidate so far
        self._evaluated: float | None = None  # the latest reporting evaluation

    def at_start(self, event: StartEvent) -> None:
        """Take in what the run reached before."""
        self.config = event.config  # with nothing left open
        if self._base is not None:  # of another run
            self._began, self._printed = time.monotonic(), -float("inf")
        self._best = self._evaluated = None
        for record in event.records:
            self._take(record)
        self._base = (time.monotonic(), event.generation + 1, event.env_steps)

    def after_generation(self, event: GenerationEvent) -> None:
        """Show one generation."""
        self._take(event.record)
        self._show(self._facts(event.record))

    def at_end(self, event: EndEvent) -> None:
        """Show the last one."""
        self._print_pending()

    def _take(self, record: dict[str, Any]) -> None:
        """What outlasts a generation."""
        highest = record.get("max_return")
        if highest is not None and (self._best is None or highest > self._best):
            self._best = highest
        evaluation = record.get("evaluation")
        if evaluation:
            self._evaluated = achieved(evaluation)

    def _show(self, facts: dict[str, str]) -> None:
        self._pending = facts
        if time.monotonic() - self._printed >= self._seconds:
            self._print_pending()
            self._printed = time.monotonic()

    def _print_pending(self) -> None:
        if self._pending is not None:
            print("  ".join(f"{name} {value}" for name, value in self._pending.items()), flush=True)
            self._pending = None

    def _facts(self, record: dict[str, Any]) -> dict[str, str]:
        done, steps, now = record["generation"] + 1, record["env_steps"], time.monotonic()
        assert self._base is not None
        since, first_done, first_steps = self._base
        seconds = now - since
        rate = (steps - first_steps) / seconds if seconds > 0 else 0.0
        generations, total = self.config.generations, self.config.total_steps
        evaluated = {"evaluated": return_text(self._evaluated)} if self.config.eval_interval else {}
        return {
            "generations": f"{done}/{generations}" if generations else str(done),
            "return": return_text(record["mean_return"]),
            "best": return_text(self._best),
            **evaluated,
            "sigma": number(record["sigma"], ".4g"),
            "learning rate": number(record["learning_rate"], ".4g"),
            **(self._details(record) if self._verbose else {}),
            "steps": f"{steps:,}/{total:,}" if total else f"{steps:,}",
            "steps/s": f"{rate:,.0f}" if rate else "-",
            "time": duration(now - self._began),
            "left": self._left(done, steps, (done - first_done) / seconds if seconds > 0 else 0.0, rate),
        }

    def _details(self, record: dict[str, Any]) -> dict[str, str]:
        """What -v shows besides."""
        return {
            "center": return_text(record["center_return"]),
            "best of generation": return_text(record["max_return"]),
            "update norm": number(record["update_norm"], ".3g"),
            **self._adapted(record),
            **self._meta(record),
        }

    def _adapted(self, record: dict[str, Any]) -> dict[str, str]:
        """What the meta-level sets besides sigma and learning rate."""
        others = [name for name in self.config.adapt or () if name not in record and self.config.adapts]
        return {name.replace("_", " "): number(record["hyperparameters"].get(name), ".4g") for name in others}

    def _meta(self, record: dict[str, Any]) -> dict[str, str]:
        """What the meta-level costs, how far its latest proposals differed, how well it told them apart, its step."""
        if not self.config.adapts:
            return {}
        facts = {"meta steps": f"{record['meta_steps'] / max(record['env_steps'], 1):.0%}"}
        if self.config.learned:
            latest = self._latest = record["meta"] or self._latest
            spreads = [latest[name] for name in latest if name.startswith("proposal_spread_")]
            facts["spread"] = number(max(spreads, default=None), ".3g")
            facts["signal/noise"] = number(latest.get("signal_to_noise"), ".3g")
            facts["meta norm"] = number(latest.get("update_norm"), ".3g")
        return facts

    def _left(self, done: int, steps: int, generation_rate: float, step_rate: float) -> str:
        ends = (
            (self.config.generations, done, generation_rate),
            (self.config.total_steps, steps, step_rate),
        )
        seconds = [max(0.0, (end - now) / rate) for end, now, rate in ends if end is not None and rate > 0]
        return duration(min(seconds)) if seconds else "-"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def return_text(value: float | None) -> str:
    """A return: one decimal from 100 on, four digits below, where a function's last progress would show as 0.0.

    From 1e12 on, where a decimal means nothing any more, four digits again.
    """
    return number(value, ".1f" if value is not None and 100.0 <= abs(value) < 1e12 else ".4g")


def number(value: float | None, form: str) -> str:
    """A number in this format; a dash where there is none."""
    return "-" if value is None else format(value, form)
