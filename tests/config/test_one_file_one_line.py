"""A strategy, a meta-level and an evaluator of one's own, each one file and one line, are everywhere the others are.

a copy of the package + the toys' files + a line of each table -> help, flags, config.toml, presets, docs, compare
"""

from __future__ import annotations

import filecmp
import json
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.subprocesses import TESTS, TIMEOUT, command, environment

import bierl_fast
from bierl_fast._native import core

PACKAGE = Path(bierl_fast.__file__).parent
TOYS = TESTS / "helpers" / "toys"
# Folder -> the toy's file there, its line of table.py, the import that belongs to the line, and the table.
ADDED = {
    "strategy": (
        "strategy.py",
        '    "toy": StrategyEntry(ToyStrategy, (ToySettings,), hands_on=EvolutionStrategy),',
        "from bierl_fast.strategy.toy import ToySettings, ToyStrategy",
        "STRATEGIES: dict[str, StrategyEntry] = {",
    ),
    "meta": (
        "meta.py",
        '    "toy": MetaEntry(lambda of: ToyMeta(of.hyperparameters, of.history.ranges, of.own), JumpSettings),',
        "from bierl_fast.meta.toy import JumpSettings, ToyMeta",
        "META_LEVELS: dict[str, MetaEntry] = {",
    ),
    "evaluation": (
        "evaluator.py",
        '    "toy": Backend(toy_evaluator, why_not_native, (WorthSettings,)),',
        "from bierl_fast.evaluation.toy import WorthSettings, toy_evaluator",
        "BACKENDS: dict[str, Backend] = {",
    ),
}
PRESET = """\
# Long steps on a quadratic.
task = "quadratic"
dim = 3
strategy = "toy"
toy_stride = 3
meta = "toy"
jump_period = 5
"""
# An editable install finds the package by a finder, whatever comes first on the path; so do the processes it starts.
CUSTOM = 'import sys; sys.meta_path = [each for each in sys.meta_path if "ScikitBuild" not in type(each).__name__]'
TRAIN = ("train", "quadratic", "--dim", "3", "--population", "8", "--sigma", "0.1", "--learning-rate", "0.1")
TOY = ("--strategy", "toy", "--toy-stride", "2", "--toy-forgets", "0.25", "--meta", "toy", "--jump-factor", "1.5")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package lies with the toys in it."""
    site = tmp_path_factory.mktemp("site")
    copy = site / "bierl_fast"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(core.__file__, copy)  # an editable install has it elsewhere
    for folder, (file, line, needs, table) in ADDED.items():
        shutil.copy(TOYS / file, copy / folder / "toy.py")
        path = copy / folder / "table.py"
        text = path.read_text(encoding="utf-8")
        head, entries, rest = _parts(text, f"\n{table}\n", "\n}\n")
        head = head.replace("\n\nfrom bierl_fast", f"\n\n{needs}\nfrom bierl_fast", 1)
        path.write_text(f"{head}{entries}\n{line}{rest}", encoding="utf-8")
    (copy / "presets" / "toy.toml").write_text(PRESET, encoding="utf-8")
    (site / "sitecustomize.py").write_text(CUSTOM, encoding="utf-8")
    return site


def _parts(text: str, begin: str, end: str) -> tuple[str, str, str]:
    """Before the end of `begin`, from there to `end`, and from there on."""
    start = text.index(begin) + len(begin)
    stop = text.index(end, start)
    return text[:start], text[start:stop], text[stop:]


@pytest.fixture(scope="module")
def run(site: Path) -> Run:
    """Another Python, in which the toys are installed: with this code, or this command line."""

    def python(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
        code = code or "import sys; from bierl_fast.cli.main import entry; sys.exit(entry())"
        path = f"{site}:{environment()['PYTHONPATH']}"
        return subprocess.run(
            [*command(textwrap.dedent(code)), *arguments],
            env=environment() | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            cwd=site,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )

    return python


def test_each_is_one_file_and_one_line(site: Path) -> None:
    """An import and an entry; the package is otherwise as it was."""
    before, after = set(_files(PACKAGE)), set(_files(site / "bierl_fast"))
    files = {f"{folder}/toy.py" for folder in ADDED} | {"presets/toy.toml"}
    assert {name for name in after - before if not name.startswith("_core")} == files
    assert before <= after
    _, changed, unread = filecmp.cmpfiles(PACKAGE, site / "bierl_fast", sorted(before), shallow=False)
    assert set(changed) == {f"{folder}/table.py" for folder in ADDED}
    assert not unread
    for name in changed:
        was = (PACKAGE / name).read_text(encoding="utf-8").splitlines()
        now = (site / "bierl_fast" / name).read_text(encoding="utf-8").splitlines()
        assert len(now) - len(was) == 2
        assert [line for line in now if "toy" not in line.lower()] == was


def test_the_page_for_contributors_shows_these_lines() -> None:
    page = (TESTS.parent / "docs" / "contributing.md").read_text(encoding="utf-8")
    for _, line, needs, _ in ADDED.values():
        assert f"\n{needs}\n\n{line}\n" in page


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(folder))


def test_help_has_names_and_settings(run: Run) -> None:
    shown = " ".join(run("train", "--help-all").stdout.split())
    assert "--strategy NAME evolution strategy of the inner level (ars, cmaes," in shown
    assert "snes, toy) [default: es]" in shown
    assert "linear, toy) [default: auto]" in shown
    assert "--meta NAME meta-level that sets the hyperparameters; none keeps them fixed, auto takes" in shown
    assert "auto: by the task (auto, native, pool, ray, toy) [default: auto]" in shown
    for flag in (
        "--toy-stride N steps are so many times as long as those of es [default: 1]",
        "--toy-forgets X share of the parameters that every step takes away [default: 0.0]",
        "--jump-period N generations from one jump to the next [default: 2]",
        "--jump-factor X of what is adapted, in a generation that jumps [default: 2.0]",
        "--worth X factor of every return [default: 1.0]",
    ):
        assert flag in shown


@pytest.mark.slow
def test_flags_reach_the_run_its_file_and_what_goes_on_from_there(run: Run, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert run(*TRAIN, *TOY, "--generations", "6", "--run-dir", str(whole)).returncode == 0
    saved = (whole / "config.toml").read_text(encoding="utf-8")
    for line in ('strategy = "toy"', "toy_stride = 2", "toy_forgets = 0.25", 'meta = "toy"', "jump_factor = 1.5"):
        assert f"\n{line}\n" in saved
    assert [record["sigma"] for record in _metrics(whole)[:4]] == pytest.approx([0.1, 0.15, 0.1, 0.15])
    assert run(*TRAIN, *TOY, "--generations", "3", "--run-dir", str(stopped)).returncode == 0
    assert run("resume", str(stopped), "--generations", "6").returncode == 0
    assert (stopped / "policy.npz").read_bytes() == (whole / "policy.npz").read_bytes()
    plain = tmp_path / "plain"
    assert (
        run(*TRAIN, "--strategy", "toy", "--meta", "toy", "--generations", "6", "--run-dir", str(plain)).returncode == 0
    )
    assert (plain / "policy.npz").read_bytes() != (whole / "policy.npz").read_bytes()


def _metrics(run_dir: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


REFUSED = [
    (("--toy-stride", "0"), "toy_stride must be at least 1 and at most 9, got 0"),
    (("--toy-stride", "2.5"), "'2.5' is not a whole number"),
    (("--toy-forgets", "1"), "toy_forgets must be finite and at least 0.0 and below 1.0, got 1.0"),
    (("--jump-period", "0"), "jump_period must be at least 1"),
    (("--toy-strid", "2"), "--toy-stride"),
    (
        ("--toy-stride", "2", "--strategy", "es"),
        "strategy 'es' takes no option toy_stride (got 2); toy_stride is for toy",
    ),
    (("--toy-stride", "2", "--strategy", "es"), "; toy_stride is for toy"),
    (("--strategy", "tooy"), "did you mean 'toy'?"),
    (("--meta", "tooy"), "did you mean 'toy'?"),
]


def test_what_cannot_be_is_refused(run: Run) -> None:
    lines = [(*TRAIN, "--strategy", "toy", "--meta", "toy", "--generations", "1", *each) for each, _ in REFUSED]
    done = run(
        json.dumps(lines),
        code="""
            import json, sys
            from bierl_fast.cli.main import entry
            for line in json.loads(sys.argv[1]):
                print(entry(line))
            """,
    )
    assert done.stdout.split() == ["2"] * len(REFUSED)
    errors = done.stderr.splitlines()
    for (_, message), error in zip(REFUSED, errors, strict=True):
        assert message in error


def test_in_python(run: Run) -> None:
    done = run(
        code="""
            import bierl_fast as bf
            config = bf.Config(task="Reacher-v5", strategy="toy", toy_stride=9, jump_factor=0.5)
            assert (config.toy_stride, config.toy_forgets, config.jump_factor) == (9, 0.0, 0.5)
            assert bf.make_strategy("toy", mean=bf.make_evaluator("quadratic", dim=3).policy.initial_parameters(),
                                    population=8, toy_forgets=0.5).declared["sigma"].default == 0.02
            for wrong in ({"toy_stride": 10}, {"toy_forgets": 1.0}, {"jump_factor": 0.0}, {"worth": "much"}):
                try:
                    config.replace(**wrong)
                except bf.ConfigError as error:
                    print(error)
            """
    )
    assert done.stdout.splitlines() == [
        "toy_stride must be at least 1 and at most 9, got 10",
        "toy_forgets must be finite and at least 0.0 and below 1.0, got 1.0",
        "jump_factor must be finite and above 0.0, got 0.0",
        "worth must be a number, got 'much'",
    ], done.stderr


@pytest.mark.slow
def test_a_preset_sets_them(run: Run, tmp_path: Path) -> None:
    assert "toy" in run("presets").stdout
    done = run(
        "train", "--preset", "toy", "--generations", "1", "--toy-stride", "4", "--run-dir", str(tmp_path / "run")
    )
    assert done.returncode == 0, done.stderr
    saved = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    assert "\ntoy_stride = 4\n" in saved
    assert "\njump_period = 5\n" in saved


def test_the_page_of_settings_has_them(run: Run) -> None:
    done = run(
        str(TESTS.parent / "docs"),
        code="import sys; sys.path.append(sys.argv[1]); import settings_page; print(settings_page.markdown())",
    )
    sections = dict(part.split("\n", 1) for part in f"\n{done.stdout}".split("\n## ")[1:])
    assert "| `toy_stride` | `1` | steps are so many times as long" in sections["Toy"]
    assert "at least 1 and at most 9; of strategy toy |" in sections["Toy"]
    assert "| `toy_forgets` | `0.0` |" in sections["Toy"]
    assert re.search(r"\| `jump_period` \| `2` \| .*; of meta-level toy \|", sections["Toy's jumps"])
    assert "| `worth` | `1.0` | factor of every return; above 0; of evaluator toy |" in sections["Toy's returns"]
    assert "| `toy` | sigma 0.02, learning_rate 0.01," in sections["Each strategy's hyperparameters"]


@pytest.mark.slow  # many runs, each a process
def test_a_comparison_has_them(run: Run, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(
        """
        seeds = 2
        [base]
        task = "quadratic"
        dim = 3
        population = 8
        total_steps = 100
        [[strategies]]
        strategy = "es"
        [[strategies]]
        name = "long"
        strategy = "toy"
        toy_stride = {times = 2}
        [[meta_levels]]
        meta = "none"
        [[meta_levels]]
        meta = "toy"
        jump_period = 3
        """,
        encoding="utf-8",
    )
    done = run("compare", str(spec), "--out", str(tmp_path / "out"), "--no-curves")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "out" / "results.csv").read_text(encoding="utf-8")
    assert written.count("finished") == 8
    (config,) = (tmp_path / "out").glob("runs/*/long-toy-s1/config.toml")
    text = config.read_text(encoding="utf-8")
    assert "\ntoy_stride = 2\n" in text
    assert "\njump_period = 3\n" in text


def test_an_evaluator_takes_its_setting_alone(run: Run) -> None:
    done = run(
        code="""
            import bierl_fast as bf
            run = {"task": "Reacher-v5", "hidden": (), "population": 4, "meta": "none", "generations": 1}
            plain = bf.train(bf.Config(**run)).metrics[0]["mean_return"]
            worth = bf.train(bf.Config(**run, evaluator="toy", worth=2.0)).metrics[0]["mean_return"]
            assert plain != 0.0 and worth == 2.0 * plain, (plain, worth)
            for others in ({"worth": 2.0}, {"evaluator": "toy", "retries": 1}, {"evaluator": "tooy"}):
                try:
                    bf.train(bf.Config(**run, **others))
                except bf.ConfigError as error:
                    print(error)
            """
    )
    assert done.stdout.splitlines() == [
        "worth = 2.0, and Reacher-v5 is native and runs on threads; leave out worth, or take evaluator 'toy'",
        "retries = 1, and Reacher-v5 runs elsewhere; leave out retries, or take evaluator 'pool'",
        "no evaluator named 'tooy'; did you mean 'toy'? known: auto, native, pool, ray, toy",
    ], done.stderr
