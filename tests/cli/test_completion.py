"""A shell completes what is typed: commands, options, tasks, strategies, meta-levels, presets."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.subprocesses import TIMEOUT, environment

from bierl_fast.cli.completing import SHELLS
from bierl_fast.cli.main import COMMANDS, entry
from bierl_fast.config import toml
from bierl_fast.config.sections import NAMES
from bierl_fast.strategy.table import STRATEGIES


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def complete(*words: str) -> list[str]:
        monkeypatch.setenv("_BIERL_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["bierl", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        assert entry([]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return [line.partition(",")[2] for line in out.splitlines() if line]

    return complete


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("",), set(COMMANDS)),
        (("pre",), {"pretrain", "presets"}),
        (("train", "Ho"), {"Hopper-v5"}),
        (("train", "CartP"), {"CartPole-v0", "CartPole-v1"}),  # Gymnasium's
        (("train", "roseN"), set()),
        (("train", "--strategy", "ns"), {"ns", "nsr", "nsra"}),
        (("train", "--meta", ""), set(NAMES["meta"])),
        (("train", "--optimizer", "a"), {"adam"}),
        (("train", "--log", "tensorboard,w"), {"tensorboard,wandb"}),
        (("train", "--preset", ""), set(toml.presets())),
        (("presets", "ars-s"), {"ars-swimmer"}),
        (("pretrain", "Sw"), {"Swimmer-v5"}),
        (("train", "--squash", ""), {"clip", "tanh", "none"}),
        (("train", "--preset", "ars-ant", "Ant"), {"Ant-v5"}),
    ],
)
def test_words_are_completed(words: tuple[str, ...], found: set[str], completed: object) -> None:
    assert callable(completed)
    assert set(completed(*words)) == found


def test_options_are_completed(completed: object) -> None:
    assert callable(completed)
    assert {"--meta-budget", "--meta-pairs"} <= set(completed("train", "--meta-"))
    assert STRATEGIES.keys() == set(completed("train", "--strategy", ""))


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_each_shell_gets_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_BIERL_COMPLETE={shell}_complete" in out


def test_another_shell_is_answered_with_these(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["completion", "csh"]) == 2
    assert "bash" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_itself_completes(tmp_path: Path) -> None:
    command = tmp_path / "bierl"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m bierl_fast "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(bierl completion bash)"; COMP_WORDS=(bierl train --strategy ns); COMP_CWORD=3; '
        '_bierl_completion bierl; echo "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path}:{environment()['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment(PATH=path), capture_output=True, text=True, timeout=TIMEOUT,
        check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["ns", "nsr", "nsra"], done.stderr
