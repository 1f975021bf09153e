"""Where a run's settings come from: its task's start or a preset, a file, and what is given; later ones win.

task, preset, file, {name: value} -> layers_of -> Layers -> config -> Config
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.config.resolve import with_policy_settings
from bierl_fast.config.sections import OLD_NAMES, check_names
from bierl_fast.config.starts import NONE, in_words, start_of
from bierl_fast.errors import ConfigError
from bierl_fast.files import PathLike, as_path
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.settings import renamed


@dataclass(frozen=True, slots=True)
class Layers:
    """Settings by name, from the lowest layer to the highest.

    Attributes:
        below: the preset's, or those of the task's start; may be empty.
        file: a file's.
        given: what somebody typed.
        preset: the preset's name; None where `below` is a start.
    """

    below: Mapping[str, Any]
    file: Mapping[str, Any]
    given: Mapping[str, Any]
    preset: str | None

    def config(self) -> Config:
        """All of them as one Config. ConfigError for a setting that cannot be."""
        return toml.compose(self.below, self.file, self.given)

    def start_in_words(self, config: Config) -> str:
        """One line on what a run starts from that nobody said it should; empty after a preset, a file or a strategy."""
        if self.preset is not None or self.file or ("strategy" in self.given and not self.below):
            return ""
        remedy = f" ({self._remedy})" if self.below else ""
        return in_words(str(self.given["task"]), with_policy_settings(config)) + remedy

    @property
    def _remedy(self) -> str:
        """Of what the task's start sets."""
        return "--strategy NAME leaves it out" if "strategy" in self.below else "--dim N sets another number"

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Add to an error about settings that nobody gave that the preset, or the task's start, has them."""
        try:
            yield
        except ConfigError as error:
            own = sorted((self.below.keys() - self.file.keys() - self.given.keys()) & set(error.settings))
            if not own:
                raise
            if self.preset is None:
                raise ConfigError(
                    f"{error} (the task's start sets {', '.join(own)}: {self._remedy})", error.settings
                ) from error
            raise ConfigError(
                f"{error} (preset {self.preset!r} sets {', '.join(own)}: `bierl presets {self.preset}` writes its "
                "settings out, and --config takes them as you change them)",
                error.settings,
            ) from error


def layers_of(given: Mapping[str, Any], preset: str | None = None, file: PathLike | None = None) -> Layers:
    """The layers of a run.

    Args:
        given: settings that somebody typed, the task among them where it is not in the others.
        preset: its name; NONE: the start of all tasks in place of the task's own.
        file: a TOML file of settings, such as a run's config.toml.

    Raises:
        ConfigError: an unknown preset or setting, or a file that cannot be read.
    """
    given = renamed(given, OLD_NAMES)
    check_names(given)
    from_file = {} if file is None else toml.read(as_path(file, "file"))
    if preset not in {None, NONE}:
        choice("preset", str(preset), (NONE, *toml.presets()))
        return Layers(toml.read_preset(str(preset)), from_file, given, preset)
    start = start_of(given.get("task"), given, preset) if file is None else {}
    return Layers(start, from_file, given, None)


@public(numbers=False)
def configure(
    task: str | Callable[..., Any] | None = None,
    *,
    preset: str | None = None,
    file: PathLike | None = None,
    **settings: Any,
) -> Config:
    """The settings of `bierl train TASK`: a preset's, a file's, and those given; later ones win.

    With neither preset nor file, nor a strategy, each of Gymnasium's MuJoCo tasks has a start of its own, which
    bf.Config has not; a test function has 30 parameters where no dim is given.
    Example: `bf.train(bf.configure(preset="ars-swimmer", total_steps=500_000))`.

    Args:
        task: as in bf.Config; None: that of the preset or the file.
        preset: the name of one (`bf.presets()`); "none": what all of these tasks start from in place of their own.
        file: a TOML file of settings, such as the config.toml of a run.
        settings: others, by the names that bf.Config has for them.

    Raises:
        ConfigError: an unknown preset, a file that cannot be read, no task, a setting that cannot be.
    """
    given = settings if task is None else {"task": task, **settings}
    layers = layers_of(given, preset, file)
    with layers.blamed():
        return layers.config()


def presets() -> dict[str, str]:
    """The presets there are, by name, and what each is for."""
    return {name: toml.describe_preset(path) for name, path in toml.presets().items()}
