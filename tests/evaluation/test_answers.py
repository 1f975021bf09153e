"""What an environment answers: taken where it means one thing alone, refused in one line where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import odd_envs
from helpers.pool_evaluators import make, people_of
from reference.policy import forward

import bierl_fast as bf
from bierl_fast.errors import EpisodeError
from bierl_fast.evaluation.environment.answers import Refusal, begun, kind, lasting, seen, stepped
from bierl_fast.evaluation.policy.spec import PolicySpec

ENV = odd_envs.Count()
HERE = r"\(step in .*odd_envs\.py, line \d+\)"


def answer(**forms: Any) -> Any:
    env = odd_envs.Count(**forms)
    env.reset(seed=3)
    return env.step(None)


@pytest.mark.parametrize("form", ["float", "int", "float32", "int16", "array0", "decimal", "tensor"])
def test_rewards_that_are_numbers(form: str) -> None:
    _, reward, *_ = stepped(ENV, answer(reward=form))
    assert (type(reward), reward) == (float, answer()[1])


@pytest.mark.parametrize(
    ("form", "came"),
    [
        ("none", "a reward must be a number, got None"),
        ("text", "a reward must be a number, got '"),
        ("complex", r"a reward must be a number, got \("),
        ("array1", r"a reward has shape \(1,\), expected a number"),
        ("list", r"a reward has shape \(1,\), expected a number"),
        ("dict", "a reward must be a number, got a dict"),
    ],
)
def test_rewards_that_are_none(form: str, came: str) -> None:
    with pytest.raises(Refusal, match=f"{came}.*{HERE}"):
        stepped(ENV, answer(reward=form))


@pytest.mark.parametrize("number", [-(10**309), 10**9000], ids=["of 310 digits", "of 9001"])
def test_numbers_that_no_float_holds(number: int) -> None:
    with pytest.raises(Refusal, match=f"a reward must be a number that floats can hold, got .*{HERE}"):
        stepped(ENV, (np.zeros(2), number, False, False, {}))
    with pytest.raises(Refusal, match=f"an observation must be an array of numbers .*{HERE}"):
        seen(ENV, [number, 0.5], (2,))


def test_a_time_is_no_reward() -> None:
    """Although NumPy's calls itself an integer."""
    with pytest.raises(Refusal, match=f"a reward must be a number, got .*timedelta64.*{HERE}"):
        stepped(ENV, (np.zeros(2), np.timedelta64(3, "s"), False, False, {}))


@pytest.mark.parametrize("form", ["bool", "np_bool", "int", "float", "int64", "array0", "array1", "none"])
def test_ends_that_are_true_or_false(form: str) -> None:
    env = odd_envs.Count(ends=form)
    env.reset(seed=0)
    found = [stepped(env, env.step(None))[2:4] for _ in range(4)]
    assert found == [(False, False)] * 3 + [(True, False)]
    assert {type(flag) for flags in found for flag in flags} == {bool}


@pytest.mark.parametrize(
    ("form", "came"),
    [
        ("two", "2"),
        ("text", "'False'"),
        ("dict", "a dict"),
        ("array2", r"an array of shape \(2,\) of bool"),
        ("nan", "nan"),
    ],
)
def test_ends_that_are_neither(form: str, came: str) -> None:
    with pytest.raises(Refusal, match=f"terminated must be True or False, got {came}; a step answers .*{HERE}"):
        stepped(ENV, answer(ends=form))


def test_info() -> None:
    assert stepped(ENV, answer(info="none"))[4] == {}
    for form, came in (("list", "a list of 0"), ("bool", "False"), ("text", "'ok'")):
        with pytest.raises(Refusal, match=f"info must be a dict, got {came}; .*{HERE}"):
            stepped(ENV, answer(info=form))


@pytest.mark.parametrize("form", ["array", "float64", "int", "list", "tuple", "object"])
def test_observations_that_are_arrays(form: str) -> None:
    for size in (1, 3):
        env = odd_envs.Count(observation=form, size=size)
        observation, _ = env.reset(seed=1)
        np.testing.assert_array_equal(seen(env, observation, (size,)), env.seen())


def test_a_number_is_an_observation_of_one() -> None:
    assert seen(ENV, 3, (1,)).tolist() == [3.0]
    with pytest.raises(Refusal, match=r"an observation has shape \(\), its space says \(2,\)"):
        seen(ENV, 3, (2,))


@pytest.mark.parametrize(
    ("form", "came"),
    [
        ("none", "got None"),
        ("dict", "got a dict"),
        ("text", "got a list of 2"),
        ("complex", r"got an array of shape \(2,\) of complex128"),
        ("ragged", "got a list of 2"),
        ("long", r"has shape \(4,\), its space says \(2,\)"),
        ("nested", r"has shape \(1, 2\), its space says \(2,\)"),
    ],
)
def test_observations_that_are_none(form: str, came: str) -> None:
    env = odd_envs.Count(observation=form, size=2)
    with pytest.raises(Refusal, match=f"an observation .*{came}.*{HERE}"):
        seen(env, env.reset(seed=0)[0], (2,))


@pytest.mark.parametrize(
    ("came", "text"),
    [
        (np.zeros(2), "an array of shape .2,. of float64: an observation alone is how the old gym did it"),
        ((np.zeros(2), 0.0), "0.0 as info, which is a dict"),
        ([0.0, ["seed"]], "a list of 1 as info, which is a dict"),
        (None, "None"),
        ((np.zeros(2), {}, {}), r"a tuple of 3 "),  # and no word of the old gym
    ],
)
def test_resets(came: Any, text: str) -> None:
    with pytest.raises(Refusal, match=rf"reset must answer \(observation, info\), got {text}.*\(reset in .*odd_envs"):
        begun(ENV, came)


def test_what_reset_may_answer() -> None:
    assert begun(ENV, (1, None)) == (1, {})
    assert begun(ENV, [1, {"a": 2}]) == (1, {"a": 2})


def test_lasting_types_are_those_of_which_every_value_is_right() -> None:
    assert lasting(np.float32(1.0), np.bool_(True), None, {})
    assert not lasting(1.0, 1, False, {})
    assert not lasting(np.array(1.0), True, False, {})
    assert not lasting(1.0, True, False, None)


def test_kinds() -> None:
    assert kind("a" * 1000) == "'" + "a" * 59
    assert (kind(()), kind(ENV)) == ("a tuple of 0", "a Count")


def odd(kind_: str, **kwargs: Any) -> dict[str, Any]:
    return {"task": odd_envs.make, "task_kwargs": {"kind": kind_, **kwargs}, "hidden": ()}


MIXED = [
    {"reward": "float32", "ends": "np_bool"},
    {"reward": "array0", "ends": "int", "info": "none", "observation": "scalar"},
    {"reward": "decimal", "ends": "none", "observation": "list"},
]


@pytest.mark.slow  # worker processes
@pytest.mark.parametrize("forms", MIXED)
def test_episodes_are_the_same_in_every_form(forms: dict[str, str]) -> None:
    with make(**odd("Count")) as plain, make(**odd("Count", **forms)) as other:
        people = people_of(plain, 6)
        wanted, found = plain.evaluate(people), other.evaluate(people)
    np.testing.assert_array_equal(found.returns_r, wanted.returns_r)
    np.testing.assert_array_equal(found.lengths_r, [4] * 6)


REFUSED = [
    (
        odd("OldReset"),
        r"reset must answer \(observation, info\), got an array of .*old gym did it \(reset in .*odd_envs",
    ),
    (
        odd("DeafReset"),
        r"reset must take a seed, as in .* got reset\(\).*, as the old gym had it .*\(reset in .*odd_envs",
    ),
    (odd("OldStep"), r"step must answer .*, got a tuple of 4: four are how the old gym did it \(step in .*odd_envs"),
    (odd("Swapped"), r"truncated must be True or False, got a dict; a step answers \(observation, reward, terminated"),
    (odd("Nothing"), r"step must answer .*, got None \(step in .*odd_envs"),
    (odd("Count", reward="none"), "a reward must be a number, got None"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "text"), REFUSED)
def test_refused_before_the_run(options: dict[str, Any], text: str) -> None:
    with pytest.raises(bf.TaskError, match=f"^task helpers.odd_envs:make: {text}") as caught:
        make(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "text"), REFUSED[2:])
def test_refused_in_episodes_where_nothing_was_tried_out(options: dict[str, Any], text: str) -> None:
    with make(**options, fresh_env="never") as evaluator, pytest.raises(EpisodeError, match=text):
        evaluator.evaluate(people_of(evaluator, 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("dict_action", "the action space is Dict.*gymnasium.ActionWrapper"),
        ("number", r"the action space is 2, expected one of gymnasium.spaces \(__init__ in .*odd_envs"),
        ("old", "the action space is a Box of the old package gym, expected one of gymnasium.spaces"),
        ("none", "the observation space is None, expected one of gymnasium.spaces"),
    ],
)
def test_spaces_that_are_none(what: str, text: str) -> None:
    with pytest.raises(bf.TaskError, match=text):
        make(**odd("Spaceless", what=what))


def twin(space: Any, outputs: list[float]) -> list[int]:
    """What the documentation says, read slowly: the largest of each choice's outputs; a switch is on above 0."""
    if not hasattr(space, "nvec"):
        return [1 if output > 0 else 0 for output in outputs]
    chosen, rest = [], outputs
    for count, first in zip(np.ravel(space.nvec).tolist(), np.ravel(space.start).tolist(), strict=True):
        own, rest = rest[:count], rest[count:]
        chosen.append(first + own.index(max(own)))
    return chosen


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(odd_envs.SPACES))
def test_several_choices(name: str, tmp_path: Path) -> None:
    space = odd_envs.SPACES[name]
    with make(**odd("Several", space=name), obs_norm=False) as evaluator:
        people = people_of(evaluator, 8, sigma=1.0)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        for row in range(8):
            theta = evaluator.parameters(people, row)
            policy = evaluator.policy.with_parameters(theta)
            env = odd_envs.make("Several", space=name)
            observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
            total, over = 0.0, False
            while not over:
                action = policy.act(observation)
                outputs = forward(policy.spec.sizes, "tanh", theta, observation)
                assert np.ravel(action).tolist() == twin(space, outputs.tolist())
                observation, reward, terminated, truncated, _ = env.step(action)
                total, over = total + float(reward), terminated or truncated
            assert total == batch.returns_r[row]
        policy.save(tmp_path / "policy.npz")
    loaded = bf.Policy.load(tmp_path / "policy.npz")
    assert loaded.spec == policy.spec
    assert space.contains(loaded.act(observation))


def test_largest_first_among_equals_and_switches_off_at_0() -> None:
    several = PolicySpec("t", 1, (0.0,) * 5, (1.0,) * 5, choices=(2, 3), first_choices=(1, -1))
    assert several.answer(np.zeros(5, np.float32)).tolist() == [1, -1]
    switches = PolicySpec("t", 1, (0.0,) * 3, (1.0,) * 3, switches=True)
    assert switches.answer(np.array([0.0, 1e-9, -1.0], np.float32)).tolist() == [0, 1, 0]


@pytest.mark.slow
def test_squash_needs_a_box() -> None:
    with pytest.raises(bf.ArgumentError, match="squash 'tanh' needs a box of actions"):
        make(**odd("Several", space="switches"), squash="tanh")
