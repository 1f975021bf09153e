"""What developers work with agrees with itself: steps of .ci/run, the choice `fast`, groups, hooks, contributing.md."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

import pytest
from helpers.subprocesses import TESTS, TIMEOUT, run

ROOT = TESTS.parent
STEPS = sorted(path.name for path in (ROOT / ".ci" / "steps").iterdir())


def ci(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "run", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )


def test_the_steps_are_listed_with_what_they_are_for() -> None:
    listed = dict(line.split(maxsplit=1) for line in ci("--list").stdout.splitlines())
    assert sorted(listed) == STEPS
    assert all(len(told) > 20 for told in listed.values())


def test_an_unknown_step_is_answered_with_those_there_are_and_nothing_runs() -> None:
    done = ci("lint", "sanitise")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"There is no step sanitise. The steps:\n\n{ci('--list').stdout}"


COLLECT = """
import json, pytest

class Look:
    def pytest_collection_finish(self, session):
        rows = [(item.nodeid, item.get_closest_marker("slow") is not None) for item in session.items]
        print("\\n" + json.dumps(rows))

pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "-m", "fast", {tests!r}], plugins=[Look()])
"""


@pytest.mark.slow  # imports every test once more
def test_fast_covers_every_folder_and_nothing_that_is_slow() -> None:
    done = run(COLLECT.format(tests=str(TESTS)))
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("[[")]
    rows = json.loads(line)
    assert len(rows) > 500
    assert not [name for name, slow in rows if slow]
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    assert len(folders) > 8
    assert {(ROOT / name.split("::")[0]).parent for name, _ in rows} == folders


def test_a_build_without_isolation_has_what_one_with_it_gets() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["build-system"]["requires"]) < set(project["dependency-groups"]["build"])


def test_hooks_download_nothing() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"repo: (\S+)", hooks)) == {"local"}
    assert set(re.findall(r"language: (\S+)", hooks)) == {"system"}


def test_contributing_tells_what_ci_does() -> None:
    page = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    setting_up = [line for line in page.splitlines() if line.startswith("$ pip install")]
    assert len(setting_up) == 3
    environment = (ROOT / ".ci" / "environment").read_text(encoding="utf-8").replace("pip install -q ", "pip install ")
    assert [line for line in setting_up if line.removeprefix("$ ") not in environment] == []
    assert set(re.findall(r"\.ci/run ([a-z]+)", page)) <= set(STEPS)
