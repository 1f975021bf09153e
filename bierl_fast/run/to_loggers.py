"""A callback that takes a run's numbers, settings and films to its loggers.

events -> ToLoggers -> Delivery, one for each -> TensorBoard, Weights & Biases, Trackio

No logger ends or slows a run: each has a queue and a thread of its own, and what becomes of it is told once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from bierl_fast.config import foreign
from bierl_fast.config.config import Config
from bierl_fast.config.sections import TABLES
from bierl_fast.errors import ConfigError, RunWarning, warn
from bierl_fast.files import write_text
from bierl_fast.loggers.base import LogRun, Place
from bierl_fast.loggers.delivery import Delivery
from bierl_fast.loggers.filming import Filming
from bierl_fast.loggers.names import numbers
from bierl_fast.loggers.settings import LoggerSettings
from bierl_fast.loggers.table import LOGGERS, maker_of, require_installed
from bierl_fast.run.callbacks import Callback, EndEvent, GenerationEvent, StartEvent
from bierl_fast.run.directory import RunDirectory

AT_THE_END = 30.0  # seconds that a run waits for its loggers when it is done
IN_A_HURRY = 5.0  # when somebody wants it to end


def to_loggers(config: Config, directory: RunDirectory | None) -> list[Callback]:
    """What takes a run to the loggers in its settings; empty without any.

    Raises:
        ConfigError: there is no run directory, in which they keep their files.
        InstallationError: one's package is missing; the text has the line that installs it.
    """
    settings = config.section(LoggerSettings)
    if not settings.log:
        return []
    if directory is None:
        raise ConfigError("log keeps its files in the run's directory, and there is none; give run_dir", ["log"])
    for name in settings.log:
        require_installed(name)
    return [ToLoggers(settings, directory.loggers)]


class ToLoggers(Callback):
    """See the module."""

    def __init__(self, settings: LoggerSettings, folder: Path) -> None:
        """`folder`: what the loggers keep lies here."""
        self._settings = settings
        self._folder = folder
        self._deliveries: list[Delivery] = []
        self._films = Filming(folder / "films", dict.fromkeys(LOGGERS[name].film for name in settings.log))
        self._steps = 0

    def at_start(self, event: StartEvent) -> None:
        """Start their threads."""
        self._steps = event.env_steps
        assert event.run_dir is not None
        try:
            ident = _ident(self._folder / "id.txt")
        except OSError as error:
            _tell(f"no logger gets anything, and the run goes on: {error}")
            return
        for name in self._settings.log:
            run = LogRun(
                name=event.run_dir.resolve().name,
                ident=ident,
                project=self._settings.log_project,
                folder=self._folder / name,
                hyperparameters=hyperparameters(event.config),
                generations=event.generation + 1,
                env_steps=event.env_steps,
            )
            self._deliveries.append(Delivery(name, partial(maker_of, name), run))

    def after_generation(self, event: GenerationEvent) -> None:
        """Hand on its numbers, and a film when its time has come."""
        at = Place(event.env_steps, event.generation, time.time())
        found = numbers(event.record, self._steps)
        self._steps = event.env_steps
        for delivery in self._deliveries:
            delivery.put("numbers", found, at)
        interval = self._settings.log_video
        if interval and self._deliveries and (event.generation + 1) % interval == 0:
            self._films.begin(event.generation, event.policy.save, partial(self._film, at))
        self._tell_news()

    def _film(self, at: Place, film: Path) -> None:
        for delivery in self._deliveries:
            if film.suffix == f".{LOGGERS[delivery.name].film}":
                delivery.put("film", film, at)

    def at_end(self, event: EndEvent) -> None:
        """Wait for what is still on its way, but not for long; a second Ctrl-C waits no longer."""
        deadline = time.monotonic() + (AT_THE_END if event.how in {"finished", "stopped"} else IN_A_HURRY)
        with suppress(KeyboardInterrupt):
            for close in (self._films.close, *(delivery.close for delivery in self._deliveries)):
                _tell(close(max(0.0, deadline - time.monotonic())))

    def _tell_news(self) -> None:
        for news in (self._films.news, *(delivery.news for delivery in self._deliveries)):
            _tell(news())


def hyperparameters(config: Config) -> dict[str, Any]:
    """The settings that strategy and meta-level take, each as a number, a text, True or False; open ones left out."""
    others = foreign.foreign(config.strategy, config.meta, config.dim)
    found: dict[str, Any] = {}
    for name, value in config.named().values().items():
        if name in others or value is None:
            continue
        if name in TABLES:
            table = value if isinstance(value, Mapping) else {each: getattr(value, each) for each in value.__slots__}
            found |= {f"{name}.{inner}": _plain(item) for inner, item in table.items()}
        else:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _ident(file: Path) -> str:
    """The run's name at its loggers, made when they are first used."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, os.urandom(4).hex() + "\n")
    return file.read_text(encoding="utf-8").strip()


def _tell(text: str | None) -> None:
    """A RunWarning; where those are errors, nothing: no logger ends a run."""
    if text is not None:
        with suppress(RunWarning):
            warn(text, RunWarning)
