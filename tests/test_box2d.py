"""How the native Box2D tasks find their engine, and what is said where it cannot be used."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from helpers.subprocesses import run

import bierl_fast as bf
from bierl_fast import _box2d
from bierl_fast.cli.main import entry
from bierl_fast.evaluation.native import NativeEvaluator, is_native, native_tasks
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator

pytest.importorskip("Box2D")

TASK = "LunarLanderContinuous-v3"


@pytest.fixture(autouse=True)
def asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is found is kept for the process, and what is proved in the user's cache; here neither."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    _box2d._reason.cache_clear()
    yield
    _box2d._reason.cache_clear()


def copied(tmp_path: Path, *changes: tuple[bytes, bytes]) -> Path:
    """The engine's module somewhere else, with some of its bytes changed."""
    module = _box2d._module()
    assert module is not None
    content = module.read_bytes()
    for old, new in changes:
        assert len(old) == len(new)
        assert old in content
        content = content.replace(old, new)
    path = tmp_path / module.name
    path.write_bytes(content)
    return path


def pretend(monkeypatch: pytest.MonkeyPatch, module: Path | None) -> None:
    monkeypatch.setattr(_box2d, "_module", lambda: module)


def proofs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The child processes that are started from here on."""
    started: list[Any] = []
    start = subprocess.run

    def counted(*given: Any, **more: Any) -> Any:
        started.append(given)
        return start(*given, **more)

    monkeypatch.setattr(subprocess, "run", counted)
    return started


def test_proved_once_and_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = proofs(monkeypatch)
    for _ in range(2):
        assert _box2d.why_not(TASK) is None
        _box2d._reason.cache_clear()
    assert len(started) == 1
    (proved,) = (tmp_path / "cache" / "bierl_fast").iterdir()
    assert proved.name == f"box2d-{_box2d._fingerprint(Path(_box2d.files_of(TASK)))}"
    pretend(monkeypatch, copied(tmp_path))  # another file, the same content
    assert _box2d.why_not(TASK) is None
    assert len(started) == 1


def test_a_folder_that_cannot_be_written_to_is_no_hindrance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a_file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a_file"))
    assert _box2d.why_not(TASK) is None


def test_without_a_home_it_is_proved_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    assert _box2d.why_not(TASK) is None


def test_tasks_of_mujoco_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, None)
    assert _box2d.why_not("Hopper-v5") is None
    assert isinstance(bf.make_evaluator("Hopper-v5", threads=1), NativeEvaluator)


def test_without_box2d(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, None)
    assert not is_native(TASK)
    with pytest.raises(bf.InstallationError, match=r"^LunarLander-v3 cannot run natively here: Box2D is not installed"):
        bf.NativeEnv("LunarLander-v3")
    with pytest.raises(bf.ArgumentError, match=r"cannot run natively here: .*pip install 'bierl-fast\[box2d\]'"):
        bf.make_evaluator(TASK, evaluator="native")
    with pytest.raises(bf.ArgumentError, match="named 'winds'"):  # which is wrong wherever the task runs
        bf.NativeEnv("LunarLander-v3", winds=True)
    rows = {row["id"]: row for row in native_tasks()}
    assert not rows[TASK]["native"]
    assert rows["Ant-v5"]["native"]


def test_on_another_system_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_box2d, "LINUX", False)
    started = proofs(monkeypatch)
    with pytest.raises(bf.InstallationError, match="Box2D is called natively on 64-bit Linux alone"):
        bf.NativeEnv("BipedalWalker-v3")
    assert not started


def test_tasks_says_which_are_not_native_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, None)
    entry(["tasks"])
    lines = capsys.readouterr().out.splitlines()
    assert "Ant-v5" in lines
    assert TASK not in lines
    assert f"{TASK} is not native here: {_box2d.MISSING}" in lines


WRONG = {
    "a function that is not there": ((b"_ZN7b2World4StepEfii\0", b"_ZN7b2World4StopEfii\0"),),
    "no library at all": ((b"\x7fELF", b"\x7fELG"),),
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_another_build_falls_back_and_says_so(
    changes: tuple[tuple[bytes, bytes], ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend(monkeypatch, copied(tmp_path, *changes))
    with pytest.warns(bf.RunWarning, match=f"^{TASK} runs in worker processes, .*did not pass its self-check"):
        evaluator = bf.make_evaluator(TASK, hidden=(), threads=1)
    assert isinstance(evaluator, ProcessPoolEvaluator)
    evaluator.close()
    with pytest.raises(bf.ArgumentError, match="did not pass its self-check"):
        bf.make_evaluator(TASK, evaluator="native")
    assert not list(tmp_path.glob("cache/*/*"))


def test_an_engine_that_answers_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Here it is Gymnasium's side that is changed: another gravity in the task that the child process compares with."""
    package = Path(bf.__file__).parent
    folder = tmp_path / "changed"
    folder.mkdir()
    spec = importlib.util.find_spec("gymnasium")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    shutil.copytree(
        spec.submodule_search_locations[0], folder / "gymnasium", ignore=shutil.ignore_patterns("__pycache__", "assets")
    )
    lander = folder / "gymnasium" / "envs" / "box2d" / "lunar_lander.py"
    lander.write_text(lander.read_text().replace("LEG_SPRING_TORQUE = 40", "LEG_SPRING_TORQUE = 40.01"))
    monkeypatch.setattr(sys, "path", [str(folder), str(package.parent), *sys.path])
    module = _box2d._module()
    assert module is not None
    assert "step" in str(_box2d._disproof(module))


def test_a_child_process_that_ends_on_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_box2d, "CODE", "import os; os.abort() # {path} {library}")
    assert "did not pass its self-check (exit code -6)" in str(_box2d.why_not(TASK))
    _box2d._reason.cache_clear()
    monkeypatch.setattr(_box2d, "SECONDS", 0.001)
    assert "could not be proved in a child process (TimeoutExpired" in str(_box2d.why_not(TASK))


def test_the_engine_beside_its_python_module() -> None:
    """One library, opened by both: assertions are still Python's own errors in Python."""
    code = (
        "import bierl_fast as bf, Box2D, numpy as np\n"
        "bf.NativeEnv('BipedalWalker-v3').reset(seed=0)\n"
        "try:\n"
        "    Box2D.b2World().CreateDynamicBody(position=(float('nan'), 0))\n"
        "except AssertionError as error:\n"
        "    print(error)\n"
    )
    done = run(code)
    assert done.stdout == "bd->position.IsValid()\n", done.stderr
