"""What a script defines itself, and a saved run cannot find by name, is given again, in Python and to the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import own_code
from helpers.outcomes import fails_in_the_end as fails
from helpers.outcomes import lines
from helpers.subprocesses import environment

import bierl_fast as bf
from bierl_fast.cli.main import entry

SETTINGS = (
    "meta='none', population=4, generations=2, hidden=(), workers=1, episode_cap=20, eval_interval=1, eval_episodes=1"
)
# A program as people write it: its own environment, descriptor and network, a run, and what is done with it.
SCRIPT = f"""
import json, sys, warnings
import bierl_fast as bf
{own_code.CODE}

def answered(call):
    try:
        return call()
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"


if __name__ == "__main__":
    said, found = [], {{}}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = bf.train(bf.Config(task=Arm, {SETTINGS}), "own")
        more = dict(policy=network, behavior=descriptor, strategy="ns")
        bf.train(bf.Config(task=Arm, **more, {SETTINGS.replace("hidden=(), ", "")}), "all")
    found["said"] = [str(warning.message) for warning in caught]
    found["result"] = answered(lambda: bf.evaluate(result, task=Arm, episodes=2))
    found["policy"] = answered(lambda: bf.evaluate(result.policy, task=Arm, episodes=2))
    found["directory"] = answered(lambda: bf.evaluate("own", task=Arm, episodes=2))
    found["not given"] = answered(lambda: bf.evaluate("own"))
    found["other"] = answered(lambda: bf.evaluate(result, task=Switches))
    found["not resumed"] = answered(lambda: bf.resume("own", generations=3))
    found["other resumed"] = answered(lambda: bf.resume("own", generations=3, task=Switches))
    found["resumed"] = answered(lambda: len(bf.resume("own", generations=3, task=Arm).metrics))
    little = dict(proposals=2, generations=[1], episodes=1)
    found["diagnosed"] = answered(lambda: bf.diagnose("own", task=Arm, **little)["task"])
    again = dict(task=Arm, policy=network, behavior=descriptor)
    found["all not resumed"] = answered(lambda: bf.resume("all", generations=3, task=Arm))
    found["all resumed"] = answered(lambda: len(bf.resume("all", generations=3, **again).metrics))
    found["all evaluated"] = answered(lambda: bf.evaluate("all", task=Arm, policy=network, episodes=1)["episodes"])
    print(json.dumps(found))
"""


@pytest.fixture(name="script", scope="module")
def script_fixture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The script after it has run, and what it found."""
    folder = tmp_path_factory.mktemp("script")
    path = folder / "my_script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-P", str(path)]
    found = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return path, json.loads(found.stdout)


@pytest.mark.slow
def test_a_script_is_told_at_the_start_and_gives_its_own_again(script: tuple[Path, dict[str, Any]]) -> None:
    path, found = script
    told, all_told = found["said"]
    assert told.startswith("the task <__main__:Arm> cannot be imported by name: to evaluate or resume this run give it")
    assert f"task=... in Python or --task {path}:Arm on the command line" in told
    assert f"--task {path}:Arm --policy {path}:network --behavior {path}:descriptor on the command line" in all_told
    assert found["result"] == found["policy"] == found["directory"]
    assert (found["result"]["task"], found["result"]["mean_return"]) == ("<__main__:Arm>", 10.0)
    for name in ("not given", "not resumed"):
        assert "<__main__:Arm>, which cannot be imported" in found[name]
        assert "give it again (task=...)" in found[name]
    for name in ("other", "other resumed"):
        assert found[name].endswith(
            "the policy was made for a box of actions, and task <__main__:Switches> has discrete actions here"
        )
    assert (found["resumed"], found["diagnosed"]) == (3, "<__main__:Arm>")
    assert "give it again (behavior=...)" in found["all not resumed"]
    assert (found["all resumed"], found["all evaluated"]) == (3, 1)


@pytest.mark.slow
def test_the_command_line_names_the_scripts_file(
    script: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, found = script
    monkeypatch.chdir(path.parent)
    assert entry(["evaluate", "own", "--task", "my_script.py:Arm", "--episodes", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {**answer, "task": "<__main__:Arm>"} == found["result"]
    assert answer["task"] == f"{path}:Arm"
    line = "the policy was made for 3 observations and 2 actions, and task"
    own_code.write(path.parent, "wider")
    (path.parent / "wide.py").write_text("from wider import Arm\ndef make():\n    return Arm(sees=5)\n")
    fails(capsys, 2, f"{line} {path.parent}/wide.py:make has 5 and 2 here", "evaluate", "own", "--task", "wide.py:make")
    assert entry(["resume", "own", "--task", "my_script.py:Arm", "--generations", "4", "--quiet"]) == 0
    assert entry(["evaluate", "own", "--episodes", "1"]) == 0  # it has an import path now
    again = ["--task", "my_script.py:Arm", "--policy", "my_script.py:network", "--behavior", "my_script.py:descriptor"]
    assert entry(["resume", "all", *again, "--generations", "4", "--quiet"]) == 0
    assert entry(["diagnose", "own", "--proposals", "2", "--generations", "1", "--episodes", "1", "--quiet"]) == 0


@pytest.mark.slow
def test_a_file_is_a_task_and_is_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks").mkdir()
    place = own_code.write(tmp_path / "tasks", "by_its_file")
    words = ["--meta", "none", "--population", "4", "--hidden", "none", "--workers", "1", "--episode-cap", "20"]
    assert entry(["train", "tasks/by_its_file.py:Arm", *words, "--generations", "2", "--run-dir", "run"]) == 0
    (tmp_path / "file.toml").write_text('task = "tasks/by_its_file.py:Arm"\ngenerations = 2\n')
    assert entry(["train", "--config", "file.toml", *words, "--run-dir", "same"]) == 0
    assert f'task = "{place}:Arm"' in (tmp_path / "run" / "config.toml").read_text()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for command in (["evaluate"], ["resume", "--generations", "3"], ["diagnose", "--proposals", "2"]):
        more = ["--generations", "1", "--episodes", "1"] if command[0] == "diagnose" else []
        assert entry([command[0], "../run", *command[1:], *more]) == 0
    capsys.readouterr()
    place.rename(place.with_name("moved.py"))
    fails(capsys, 1, f"there is no file {place}", "evaluate", "../same")
    assert entry(["evaluate", "../same", "--task", "../tasks/moved.py:Arm", "--episodes", "1"]) == 0
    capsys.readouterr()
    fails(capsys, 2, f"there is no file {tmp_path}/elsewhere/moved.py", "evaluate", "../same", "--task", "moved.py:Arm")
    fails(capsys, 2, "say what in it makes the environment: moved.py:NAME", "train", "moved.py", "--generations", "1")


def test_functions_are_given_again(tmp_path: Path) -> None:
    weights = [1.0]

    def bowl(x: Any) -> float:
        return -float(x @ x) * weights[0]

    settings: dict[str, Any] = {"dim": 3, "meta": "none", "population": 4}
    whole = bf.train(bf.Config(task="helpers.functions:hill", generations=4, **settings))
    with pytest.warns(bf.RunWarning, match="cannot be imported by name"):
        bf.train(bf.Config(task=bowl, generations=2, **settings), tmp_path / "run")
    assert bf.evaluate(tmp_path / "run", task=bowl, episodes=1)["episodes"] == 1
    assert len(bf.resume(tmp_path / "run", generations=4, task=bowl).metrics) == len(lines(whole)) == 4
    assert bf.evaluate(whole, task=lambda x: 7.0, episodes=2)["mean_return"] == 7.0
    with pytest.raises(ValueError, match="policy is for one in a file"):
        bf.evaluate(whole, policy=bowl)
    with pytest.raises(bf.ConfigError, match=r"policy is what makes a torch module, and the policy in .* has none"):
        bf.evaluate(tmp_path / "run", policy=bowl)
