"""Settings in files: config.toml of a run, `--config FILE`, and the presets of the package.

TOML text -> read -> {name: value}          unknown names refused, the nearest one offered
layers    -> compose -> Config              later layers win: preset < file < flags
Config    -> write -> TOML text             None left out; read gives the same Config back
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from bierl_fast.config import foreign
from bierl_fast.config.config import Config
from bierl_fast.config.sections import OLD_NAMES, TABLES, check_names, none_is_said, settings_of
from bierl_fast.errors import ConfigError
from bierl_fast.files import MOST_TEXT, read_text, toml_of
from bierl_fast.names import lookup
from bierl_fast.settings import renamed

MARK = "# Every setting that this run takes; those of other strategies and meta-levels are left out.\n"
PRESETS = Path(__file__).resolve().parent.parent / "presets"


def presets() -> dict[str, Path]:
    """The presets of the package, by name."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.toml"))}


def describe_preset(path: Path) -> str:
    """A preset's first comment line: what it is and where it comes from."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""


def read_preset(name: str) -> dict[str, Any]:
    """The settings of a preset; raises UnknownNameError, listing the known ones."""
    known = presets()
    if not known:
        raise ConfigError(f"no preset named {name!r}; this version has no presets yet")
    return read(lookup("preset", name, known))


def read(path: Path, saved: bool = False) -> dict[str, Any]:
    """The settings in a TOML file, names checked, values not yet. Of a `saved` run nobody is told of old names.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
        UnknownNameError: it holds a name that is no setting.
    """
    found, earlier = _read(path, say=not saved)
    idle = foreign.idle(found) if earlier and not saved else ()
    return {name: value for name, value in found.items() if name not in idle}


def read_saved(path: Path, text: str | None = None) -> Config:
    """The settings that a run wrote; of an earlier version's, those too that it did not take. Raises as `read`.

    `text`: what was read from the file already.
    """
    values, earlier = _read(path, say=False, text=text)
    config = Config.saved(values) if earlier else Config(**values)
    config.check_taken()
    return config


def _read(path: Path, say: bool, text: str | None = None) -> tuple[dict[str, Any], bool]:
    """The settings in a file, and whether a run of an earlier version wrote it: all settings, whatever it took."""
    try:
        text = read_text(path) if text is None else text  # once: a pipe has it once
        found = toml_of(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    values = _present(found, say)
    if text.startswith(MARK):
        gone = foreign.once_written(values)
        return {name: value for name, value in values.items() if name not in gone}, False
    return values, foreign.of_a_saved_run(values)


def _present(values: Mapping[str, Any], say: bool = True) -> dict[str, Any]:
    """`values` under the settings' present names; UnknownNameError for the first that is no setting."""
    found = renamed(values, OLD_NAMES, say)
    check_names(found)
    return found


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """One layer of settings; a later one wins over an earlier one, as `layered` says."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = layered(values, _present(layer))
    return values


def compose(*layers: Mapping[str, Any]) -> Config:
    """One Config out of layers of settings, `merged`."""
    return Config(**merged(*layers))


def layered(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of two layers: those above win, and a table's entries each by themselves.

    Only where a layer names another task than those below, its task_kwargs take the place of theirs; and where it names
    a meta-level, settings that are of others alone go from those below.
    """
    gone = foreign.left_behind(above["meta"]) if isinstance(above.get("meta"), str) else frozenset()
    values = {**{name: value for name, value in below.items() if name not in gone}, **above}
    other_task = "task" in below and below["task"] != values["task"]
    for name in TABLES:
        before, after = below.get(name), above.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping) and not (name == "task_kwargs" and other_task):
            values[name] = {**before, **after}
    return values


def dumps(config: Config) -> str:
    """Every setting that strategy, meta-level and task take as TOML, defaults included; None is left out, and reads so.

    Where the default is another, None is written "none".

    Of a run of an earlier version that had others, all settings are written, as that version did.

    Raises:
        ConfigError: a setting has no TOML form (a task that is a Python function).
    """
    others = foreign.foreign(config.strategy, config.meta, config.dim)
    whole = not all(foreign.unsaid(name, getattr(config, name)) for name in others)
    names = [name for name in _names() if whole or name not in others]
    values = {name: value for name in names if (value := _written(name, getattr(config, name))) is not None}
    values["reference"] = dataclasses.asdict(config.reference)
    try:
        text = tomli_w.dumps(values)
        if not _in_order(text, config.task_kwargs):
            # A table's own values come before the tables in it: what has another order is written within braces.
            plain = {name: value for name, value in values.items() if name not in TABLES}
            tables = {name: values[name] for name in TABLES if name != "task_kwargs" and name in values}
            braces = f"task_kwargs = {_within_braces(config.task_kwargs)}\n"
            text = f"{tomli_w.dumps(plain)}{braces}\n{tomli_w.dumps(tables)}"
    except TypeError as error:
        raise ConfigError(f"this run cannot be saved: {error}; train it with run_dir=None", ["task"]) from error
    if len(text.encode()) > MOST_TEXT:
        raise ConfigError(
            f"this run cannot be saved: its settings take more than {MOST_TEXT} bytes; give a task what it needs by a "
            "file's name",
            ["task_kwargs"],
        )
    return text if whole else MARK + text


def _written(name: str, value: Any) -> Any:
    return "none" if value is None and none_is_said(name) else value


def _in_order(text: str, keywords: Mapping[str, Any]) -> bool:
    """Whether a task's keyword arguments come back in the order they have: it may be their meaning."""
    return json.dumps(tomllib.loads(text).get("task_kwargs", {})) == json.dumps(keywords)


def _within_braces(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = [tomli_w.dumps({key: 0}).removesuffix("0\n") + _within_braces(item) for key, item in value.items()]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_within_braces, value))}]"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").removesuffix("\n")


def _names() -> list[str]:
    # TOML tables must come after plain values.
    return [*(name for name in settings_of() if name not in TABLES), *TABLES]
