"""README's Python examples run as they stand, in order, in one process; its commands are the ones that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[1] / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.mark.slow
def test_python_examples_run() -> None:
    names: dict[str, Any] = {}
    blocks = _blocks("python")
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["result"].metrics[-1]["meta_updates"] >= 1
    assert names["total"] != 0.0
    assert names["report"].returns_n.shape == (16,)
    assert names["noise"].shape == (1000,)
    assert isinstance(names["seed"], int)


def test_commands_exist() -> None:
    from bierl_fast.cli.main import cli

    told = set(re.findall(r"bierl (train|resume|evaluate|tasks|info|[a-z]+) ", "".join(_blocks("console"))))
    assert told
    assert told <= set(cli.commands)


def test_presets_and_results_exist() -> None:
    text = README.read_text()
    presets = set(re.findall(r"--preset ([a-z0-9-]+)", text))
    files = set(re.findall(r"bench/(?:results/|compare/)?[A-Za-z0-9_-]+\.[a-z]+", text))
    assert len(presets) > 5
    assert len(files) > 5
    assert presets <= {path.stem for path in (README.parent / "bierl_fast" / "presets").glob("*.toml")}
    assert not [file for file in sorted(files) if not (README.parent / file).is_file()]


def test_pictures_and_files_exist() -> None:
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text()):
        assert (README.parent / target).is_file(), target
