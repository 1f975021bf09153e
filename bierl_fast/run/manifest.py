"""manifest.json: on what, with what and how a run was made.

Config -> create -> manifest.json <- resumed         nothing in it is read back by a run
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.files import json_object, read_text, write_text
from bierl_fast.machine import available_cores, build_info, cpu_name, versions


def _session(config: Config) -> dict[str, Any]:
    return {
        "start_time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_line": list(sys.argv),
        "threads": config.threads or available_cores(),
    }


def create(path: Path, config: Config, warm_start: Mapping[str, Any] | None = None) -> None:
    """Write the manifest of a new run; `warm_start`: what its generator starts from, and what that cost."""
    built = build_info()
    facts = {
        "versions": versions(),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cores": available_cores(),
        "instruction_set": built.get("instruction_set"),
        "compiler": built.get("compiler"),
        "seed": config.seed,
        **_session(config),
        "warm_start": warm_start,
        "resumed": [],
    }
    write_text(path, json.dumps(facts, indent=2) + "\n")


def warm_start(path: Path) -> dict[str, Any] | None:
    """What a manifest says of its run's warm start; None where it says nothing, or cannot be read."""
    try:
        found = json_object(read_text(path)).get("warm_start")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def resumed(path: Path, config: Config) -> None:
    """Note in an existing manifest that the run goes on, here and now."""
    try:
        facts = json_object(read_text(path))
        facts["resumed"] = [
            *facts.get("resumed", []),
            {"versions": versions(), "cpu": cpu_name(), **_session(config)},
        ]
    except (OSError, ValueError, TypeError):
        return create(path, config)  # a lost manifest is no reason to stop a run
    return write_text(path, json.dumps(facts, indent=2) + "\n")
