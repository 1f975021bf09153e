"""Random calls of the public surface: every name of `bierl_fast.__all__`, methods of what it makes, command lines.

What counts as broken: an error that is neither the package's nor Python's own for a call that no signature takes, an
error of several lines or without a word, a warning of NumPy's, a command that ends otherwise than its table of exit
codes says or tells of its end in several lines. Call NUMBER is a function of (seed, NUMBER): `--only NUMBER` makes that
one alone, with a traceback.

    python bench/break_calls.py --count 5000 --seed 0
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import random
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bierl_fast as bf
from bierl_fast.cli.main import COMMANDS, entry
from bierl_fast.config.sections import SYNONYMS, settings_of
from breaking.values import WORDS, any_value, told

SECONDS = 20
EXITS = {0, 1, 2}
BEFORE: dict[str, Any] = {"generations": 1, "population": 4, "threads": 1, "meta": "none"}
LEFT = {"Stream", "NumpyPolicy"}  # an enumeration, whose constructor is Python's; what is made by its load
OUTSIDE = (bf.BierlError, OSError, AttributeError, KeyboardInterrupt)  # of the contract; and TypeError of a call, below


class Hang(BaseException):
    """A call that took too long."""


@dataclass(frozen=True)
class World:
    """Objects of the package that calls are made of and on."""

    objects: list[Any]
    functions: list[tuple[str, Callable[..., Any]]]


def world() -> World:
    """Some of everything."""
    evaluator = bf.make_evaluator("InvertedPendulum-v5", hidden=(2,), threads=1)
    function: Any = bf.make_evaluator("quadratic", dim=3, threads=1)
    strategies = [
        bf.make_strategy(name, mean=function.policy.initial_parameters(), population=4)
        for name in ("es", "ars", "pgpe", "snes")
    ]
    hp, key = bf.Hyperparameters(sigma=0.1), bf.NoiseKey(0, 0)
    population = strategies[0].ask(hp, key)
    batch = function.evaluate(population)
    config = bf.Config(task="quadratic", dim=3, **BEFORE)
    result = bf.train(config)
    history = bf.History(ranges={"sigma": bf.Range(0.01, 1.0)})
    meta = bf.make_meta("none", bf.MetaParts(hp, history))
    env = bf.NativeEnv("InvertedPendulum-v5")
    made = [
        evaluator,
        function,
        *strategies,
        hp,
        key,
        population,
        batch,
        config,
        result,
        result.policy,
        history,
        meta,
        env,
    ]
    made += [evaluator.policy, bf.Range(0.1, 1.0), bf.HyperparameterSpec(1.0), strategies[0].tell(population, batch)]
    names = [name for name in bf.__all__ if callable(getattr(bf, name)) and name not in LEFT]
    functions = [(name, getattr(bf, name)) for name in names if not issubclass_of_error(getattr(bf, name))]
    functions += [
        (f"kernels.{name}", each)
        for name, each in vars(bf.kernels).items()
        if inspect.isfunction(each) and name[0] != "_"
    ]
    for thing in made:
        for name in dir(type(thing)):
            if name.startswith("_") or name in {"close", "np_random", "np_random_seed"}:
                continue
            with contextlib.suppress(Exception):
                method = getattr(thing, name)
                if callable(method) and getattr(method, "__module__", "").startswith("bierl_fast"):
                    functions.append((f"{type(thing).__name__}.{name}", method))
    return World(made, functions)


def issubclass_of_error(thing: Any) -> bool:
    """Errors and warnings take any text."""
    return isinstance(thing, type) and issubclass(thing, BaseException)


def python_call(here: World, chance: random.Random) -> tuple[str, Callable[[], Any]]:
    """A function with arguments, most of them wrong."""
    name, function = chance.choice(here.functions)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    keywords: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is parameter.empty or chance.random() < 0.15:
            keywords[parameter.name] = _likely(parameter.name, here, chance)
    if name in {"Config", "Config.replace"}:
        keywords = {"task": "quadratic", "dim": 3} | {
            chance.choice([*settings_of()]): any_value(chance, here.objects) for _ in range(chance.randint(1, 3))
        }
    if name == "pretrain":
        keywords["rounds"] = "few"  # else it would train for minutes
    text = f"{name}({', '.join(f'{key}={told(value)}' for key, value in keywords.items())})"
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in keywords]
    return text, lambda: function(*[keywords.pop(each) for each in positional], **keywords)


def _likely(name: str, here: World, chance: random.Random) -> Any:
    """What is right for that name, every other time; a run is short in any case."""
    if name in {"generations", "rounds", "total_steps", "episodes", "count"}:
        return chance.choice([1, 2, "1", "a", None, -1, 1.5, [1]])
    wanted = {
        "config": bf.Config, "key": bf.NoiseKey, "hp": bf.Hyperparameters, "population": bf.Population,
        "batch": bf.EvaluationBatch, "history": bf.History, "run_dir_or_policy": bf.Policy,
    }.get(name)  # fmt: skip
    fitting = [each for each in here.objects if wanted is not None and isinstance(each, wanted)]
    return chance.choice(fitting) if fitting and chance.random() < 0.6 else any_value(chance, here.objects)


def command_line(chance: random.Random) -> list[str]:
    """A command with options, most of them wrong."""
    words = [chance.choice([*COMMANDS, "trian", ""])] if chance.random() < 0.97 else []
    if chance.random() < 0.8:
        words.append(chance.choice([*WORDS, "quadratic", "quadratic", "nowhere", "none.toml", "a:b"]))
    names = [
        *settings_of(),
        *SYNONYMS,
        "run_dir",
        "config",
        "preset",
        "json",
        "quiet",
        "debugg",
        "episodes",
        "range",
        "jobs",
    ]
    for _ in range(chance.randint(0, 3)):
        words.append("--" + chance.choice(names).replace("_", chance.choice("-_")))
        if chance.random() < 0.8:
            value = any_value(chance, [])
            words.append(value if isinstance(value, str) else told(value))
    if words[:1] == ["train"] or words[:1] == ["trian"]:
        words += ["--generations", "1", "--population", "4", "--threads", "1", "--dim", "3", "--meta", "none"]
    if words[:1] == ["pretrain"]:
        words += ["--rounds", "few"]  # it would train for minutes
    return [word.encode("utf-8", "replace").decode().replace("\x00", "0") for word in words]


def outcome(number: int, seed: int, here: World, show: bool = False) -> tuple[str, str]:
    """("accepted" | "refused" | "broken", the call and how it ended)."""
    chance = random.Random(f"{seed} {number}")
    signal.alarm(SECONDS)
    try:
        if chance.random() < 0.25:
            return _of_command(command_line(chance))
        text, call = python_call(here, chance)
        return _of_call(text, call, show)
    except Hang:
        return "broken", f"call {number} took {SECONDS} s"
    finally:
        signal.alarm(0)


def _of_call(text: str, call: Callable[[], Any], show: bool) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            call()
        except OUTSIDE as error:
            said = str(error)
            bad = "\n" in said or not said.strip() or len(said) > 6500
            if show:
                traceback.print_exc()
            return "broken" if bad else "refused", f"{text}: {type(error).__name__}: {said[:300]}"
        except Exception as error:
            if show:
                traceback.print_exc()
            return ("refused" if _of_the_signature(error) else "broken"), f"{text}: {type(error).__name__}: {error}"
    return "accepted", text


def _of_the_signature(error: Exception) -> bool:
    """Whether Python itself refused the call: nothing of the package ran, but what looks at arguments."""
    trace, files = error.__traceback__, []
    while trace is not None:
        files.append(Path(trace.tb_frame.f_code.co_filename))
        trace = trace.tb_next
    own = [file for file in files if "bierl_fast" in file.parts and file.name != "public.py"]
    return isinstance(error, TypeError) and (not own or str(error).startswith("unhashable type"))


def _of_command(words: list[str]) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = entry(words)
    said = [line for line in err.getvalue().splitlines() if line.startswith("bierl: error:")]
    others = [line for line in err.getvalue().splitlines() if not line.startswith("bierl: ")]
    text = f"bierl {' '.join(map(told, words))}: {code} {err.getvalue()[-300:]!r}"
    wrong = code not in EXITS or (code != 0 and (len(said) != 1 or others))
    return ("broken" if wrong else "accepted" if code == 0 else "refused"), text


def run(count: int, seed: int, only: int | None = None) -> dict[str, list[str]]:
    """What came of each call, by outcome."""

    def hang(*_: object) -> None:
        raise Hang

    found: dict[str, list[str]] = {"accepted": [], "refused": [], "broken": []}
    before, at = signal.signal(signal.SIGALRM, hang), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            here = world()
            for number in range(count) if only is None else [only]:
                result, text = outcome(number, seed, here, show=only is not None)
                found[result].append(f"{number}: {text}")
        finally:
            os.chdir(at)
            signal.signal(signal.SIGALRM, before)
    return found
