"""Every program in docs/examples runs as it stands, by itself, in a folder of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.subprocesses import TIMEOUT, environment

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
# What each one's last lines must say: what it set out to do.
SAYS = {
    "ask_tell": r"^5 .* 0 failed\n[\d.]+\n$",
    "callback": r"^(stopped|finished) after \d+ generations: best \d+\.\d+\n\['env_steps,mean_return', '\d+,\d+\.",
    "compare": r"\| pre-trained \| learning rate x0.1 \| 2/2 .*4 runs, of which failed: 0\n$",
    "own_environment": r"mean return -\d{3,}\.\d+ -> -\d{1,2}\.\d+\n",
    "own_function": r"one by one +(-0\.\d+)\nvectorized +\1\nsnes +-0\.\d+",
    "replay": r"row \d+: (\S+) in training, \1 in Gymnasium\n$",
    "search": r"(^\d (complete|pruned) .*\n){4}mean return with another seed: \d+\.\d+\n$",
    "sweep": r"(^ *\d+\.\d \{'sigma': 0\.\d+, 'learning_rate': 0\.\d+\}\n){4}",
    "torch_policy": r"mean return \[\d+, \d+, \d+, \d+, \d+\]\nTorchPolicy \(354,\) parameters\n$",
    "train": r"fresh episodes: \d\d\.\d+\nafter 48000 steps: \d\d\.\d+\n$",
}


def test_there_are_these() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SAYS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SAYS))
def test_example_runs(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(SAYS[name], done.stdout, flags=re.MULTILINE | re.DOTALL), done.stdout


@pytest.mark.parametrize("name", sorted(SAYS))
def test_example_is_short_and_says_how_it_is_run(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len(text.splitlines()) < 40
    assert f"python docs/examples/{name}.py" in text.split('"""')[1]
