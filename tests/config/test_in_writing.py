"""Numbers as people write them, in Python, in files and on the command line; names as other packages have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

import bierl_fast as bf
from bierl_fast.cli.main import COMMANDS, cli, entry
from bierl_fast.cli.options import config_options, given
from bierl_fast.cli.parameters import KeywordType
from bierl_fast.config import toml
from bierl_fast.config.sections import SYNONYMS, settings_of

TASK = {"task": "Swimmer-v5"}

WRITTEN: list[tuple[str, Any, Any]] = [
    ("total_steps", "2M", 2_000_000),
    ("total_steps", "1.5M", 1_500_000),
    ("total_steps", "25e4", 250_000),
    ("total_steps", 3e7, 30_000_000),
    ("total_steps", np.float64(4e5), 400_000),
    ("generations", "1_200", 1_200),
    ("generations", "7k", 7_000),
    ("population", 128.0, 128),
    ("sigma", "5e-2", 0.05),
    ("learning_rate", 1, 1.0),
    ("hidden", "32x16x8", (32, 16, 8)),
    ("hidden", "128", (128,)),
    ("hidden", [32.0, "1k"], (32, 1000)),
    ("sigma_range", "0.01, 0.5", (0.01, 0.5)),
    ("learning_rate", "none", None),
    ("episode_cap", "None", None),
    ("tpa_noise", "none", None),
]


@pytest.mark.parametrize(("name", "value", "wanted"), WRITTEN)
def test_numbers_in_python(name: str, value: Any, wanted: Any) -> None:
    found = getattr(bf.Config(**TASK, **{name: value}), name)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(("name", "value", "wanted"), [case for case in WRITTEN if isinstance(case[1], str)])
def test_numbers_in_files_and_on_the_command_line(name: str, value: str, wanted: Any, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"{name} = '{value}'\n", encoding="utf-8")
    assert getattr(toml.compose(TASK, toml.read(path)), name) == wanted
    found: dict[str, Any] = {}

    @click.command()
    @config_options
    @click.pass_context
    def command(context: click.Context, /, **_: Any) -> None:
        found.update(given(context))

    CliRunner().invoke(command, ["--" + name.replace("_", "-"), value], catch_exceptions=False)
    assert found == {name: wanted}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total_steps", "1.5"),
        ("total_steps", "3T"),
        ("total_steps", "M"),
        ("generations", 1e300),
        ("generations", float("nan")),
        ("generations", "-"),
        ("hidden", "64y64"),
        ("hidden", "64x"),
        ("sigma", "small"),
        ("sigma_range", "1"),
        ("population", True),
        ("obs_norm", 1),
        ("seed", "0x10"),
    ],
)
def test_what_is_no_number_is_refused_in_one_line(name: str, value: Any) -> None:
    with pytest.raises(bf.ConfigError, match=f"^{name} must be .*, got ") as caught:
        bf.Config(**TASK, **{name: value})
    assert "\n" not in str(caught.value)
    assert caught.value.settings == (name,)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(bf.ConfigError) as caught:
        bf.Config(**TASK, sigma=list(range(5000)))
    assert len(str(caught.value)) < 300


def test_other_names_are_no_settings_and_mean_some() -> None:
    assert not SYNONYMS.keys() & settings_of().keys()
    assert set(SYNONYMS.values()) <= settings_of().keys()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("stdev", "sigma"),
        ("timesteps", "total_steps"),
        ("popsize", "population"),
        ("gamma", "sac_discount"),
        ("Sigma", "sigma"),
        ("learning-rate", "learning_rate"),
        ("meta_intervall", "meta_interval"),
    ],
)
def test_python_says_what_is_meant(name: str, meant: str) -> None:
    with pytest.raises(bf.UnknownNameError, match=rf"no setting named '{name}'; did you mean '{meant}'\?") as caught:
        bf.Config(**TASK, **{name: 1})
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train --environment Hopper-v5", "no option --environment: TASK is given by itself"),
        ("train Hopper-v5 --pop-size 3", "no option --pop-size; did you mean '--population'?"),
        ("train Hopper-v5 --step_size 3", "did you mean '--learning-rate'?"),
        ("train Hopper-v5 --make-kwargs a=1", "did you mean '--task-kwarg'?"),
        ("train Hopper-v5 --no-normalize-obs", "did you mean '--no-obs-norm'?"),
        ("train Hopper-v5 --logdir d", "did you mean '--run-dir'?"),
        ("train Hopper-v5 -pop 3", "no option -pop; did you mean '--population'?"),
        ("evaluate --run-dir d", "no option --run-dir: DIR is given by itself"),
        ("evaluate d --num-eval-episodes 3", "did you mean '--episodes'?"),
        ("resume d --timesteps 3", "did you mean '--total-steps'?"),
        ("tasks --popsize 3", "population is a setting, of `bierl train` and of files"),
        ("--seed 3 train Hopper-v5", "no option --seed"),
        ("train Hopper-v5 --learning-rate", "`bierl train --help`"),
        ("evaluate d --episodes", "`bierl evaluate --help`"),
        ("evaluate d --render", "`bierl watch` (a policy in a window) and `bierl record` (a policy on film)"),
        ("evaluate d --video", "for that there is `bierl record`"),
        ("evaluate d --plot", "for that there is `bierl plot`"),
        ("train Hopper-v5 --resume d", "for that there is `bierl resume`"),
        ("train Hopper-v5 --eval-only", "for that there is `bierl evaluate`"),
        ("train Hopper-v5 --seeds 1,2", "did you mean '--seed'?"),
        ("train Hopper-v5 --record-video", "did you mean '--log-video'?"),
        ("resume d --onnx a", "for that there is `bierl export`"),
        ("plot d --html", "for that there is `bierl report`"),
        ("train Hopper-v5 --optuna", "for that there is `bierl sweep`"),
        ("enjoy d", "no command named 'enjoy'; did you mean 'watch'?"),
        ("video d --out a.mp4", "did you mean 'record'?"),
        ("eval d", "did you mean 'evaluate'?"),
        ("continue d", "did you mean 'resume'?"),
    ],
)
def test_the_command_line_says_what_is_meant(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(arguments.split()) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("arm.xml", "arm.xml"),
        ("./a-b/../arm.xml", "./a-b/../arm.xml"),
        ("~/models/arm_2.xml", "~/models/arm_2.xml"),
        ("ALE/Pong-v5", "ALE/Pong-v5"),
        ("module:function", "module:function"),
        ("trueish", "trueish"),
        ('"two words"', "two words"),
        ('"true"', "true"),
        ("true", True),
        ("1e3", 1000.0),
        ("[0.2, 1]", [0.2, 1]),
    ],
)
def test_words_and_paths_need_no_quotes(typed: str, value: Any) -> None:
    assert KeywordType().convert(f"name={typed}", None, None) == ("name", value)


@pytest.mark.parametrize("typed", ["True", "None", "FALSE", "1.0.0", ".5", ".x", "two words", "a,b", "5x", "{", ""])
def test_what_may_be_meant_otherwise_does(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="is not name=value, the value a word, a path, or as in TOML"):
        KeywordType().convert(f"name={typed}", None, None)


@pytest.mark.parametrize("arguments", [[], ["--debug"], ["--help"]])
def test_alone_it_shows_its_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(arguments) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("Usage: bierl [OPTIONS]")
    assert all(f"  {name} " in shown.out for name in COMMANDS)
    assert len(shown.out.splitlines()) > len(COMMANDS) + 8


def test_a_command_still_runs_by_itself() -> None:
    assert CliRunner().invoke(cli, ["presets"]).output.startswith("ars-ant")
