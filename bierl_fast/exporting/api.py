"""A trained policy in a file that other programs run: what a user calls.

run directory, policy.npz or Policy -> SavedPolicy -> NumpyPolicy or TorchPolicy, facts -> a Format -> one file
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bierl_fast.errors import UnsupportedError
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.torch_module import TorchPolicy
from bierl_fast.exporting.table import FORMATS, Format, function_of
from bierl_fast.files import PathLike
from bierl_fast.machine import versions
from bierl_fast.names import lookup
from bierl_fast.outputs import require_output, write_output
from bierl_fast.public import public
from bierl_fast.run.metrics import strict
from bierl_fast.run.saved import SavedPolicy, Source, saved_policy
from bierl_fast.tasks.resolve import shown_name


@public(numbers=False)
def export(
    run_dir_or_policy: Source,
    out: PathLike,
    *,
    format: str,
    best: bool = False,
    force: bool = False,
    policy: str | Callable[..., Any] | None = None,
    trust: bool = False,
) -> dict[str, Any]:
    """Write a policy into a file that runs without this package: normalization, network and action box inside.

    Args:
        run_dir_or_policy: a run's directory, a policy.npz, a Result of train or resume, or a Policy.
        out: the file to write.
        format: "onnx", "torchscript", "pt2" (torch.export), "c" (a C99 header) or "numpy" (a Python file).
        best: of a run, the policy that evaluated best instead of the last.
        force: replace a file that is there.
        policy: what makes the torch module of a policy in a file, in place of what that names. None: what it names.
        trust: whether what makes a torch module may be imported although this user did not train it here, or its file
            was copied, moved or changed since. Of other policies nothing is imported.

    Returns:
        The facts that are in the file too: task, task_kwargs, observation_size, observation_shape, observation_parts
        (name: size; null where it is an array), action_size, action_shape, low, high (null where infinite),
        first_action (of discrete actions), choices and first_choices (of several: how many each has, and its lowest;
        MultiDiscrete), switches (whether actions are 0 and 1; MultiBinary), return and what it is the return of,
        generation, env_steps, bierl_fast.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: an unknown format (the nearest is offered), or an `out` that exists or cannot be.
        RunDirectoryError: no run there, or no readable policy in it.
        TrustError: the file names what makes its module, and is not trusted; nothing was imported.
        UnsupportedError: a policy that has no such form, as a function's vector or a recurrent module.
        InstallationError: a package that the format needs is missing.
    """
    writer, path = lookup("format", format, FORMATS, ["format"]), require_output(out, force)
    saved = saved_policy(run_dir_or_policy, best=best, trust=trust, again={"policy": policy}, runs=False)
    found = facts(saved)
    write_output(path, _content(saved.policy, writer, format, c_name(path.stem), found))
    return found


def facts(saved: SavedPolicy) -> dict[str, Any]:
    """What a file says of the policy in it, as strict JSON. UnsupportedError for a policy that does not act."""
    spec = spec_of(saved.policy)
    unknown = {"return": None, "return_of": None, "generation": None, "env_steps": None}
    found: dict[str, Any] = strict(
        {
            "task": shown_name(spec.task, spec.task_kwargs),
            "task_kwargs": spec.task_kwargs,
            "observation_size": spec.observation_size,
            "observation_shape": spec.observation_shape or (spec.observation_size,),
            "observation_parts": dict(zip(spec.observation_parts, spec.part_sizes, strict=True)) or None,
            "action_size": len(spec.choices or spec.low),
            "action_shape": spec.action_shape or (len(spec.choices or spec.low),),
            "low": spec.low,
            "high": spec.high,
            "first_action": spec.first_action,
            "choices": spec.choices,
            "first_choices": spec.first_choices,
            "switches": spec.switches,
            **(saved.reached or unknown),
            "bierl_fast": versions()["bierl_fast"],
        }
    )
    return found


def spec_of(policy: Policy) -> PolicySpec:
    """What a policy is made for; UnsupportedError where it does not act."""
    if isinstance(policy, MlpPolicy | TorchPolicy) and policy.spec is not None:
        return policy.spec
    raise UnsupportedError(
        f"the policy of {policy.task or 'no task'} sees no observations and has no actions, so there is nothing to "
        "export: what a function task found is Result.parameters, and `parameters` in policy.npz"
    )


def _content(policy: Policy, writer: Format, format: str, name: str, found: dict[str, Any]) -> bytes:
    if isinstance(policy, MlpPolicy):
        alone = policy.numpy()
        alone.facts = found
        return function_of(writer.content)(alone, name)
    assert isinstance(policy, TorchPolicy)
    if writer.of_module is None:
        able = " or ".join(other for other, entry in FORMATS.items() if entry.of_module is not None)
        raise UnsupportedError(f"a torch module has no form of format {format!r}; take {able}")
    return function_of(writer.of_module)(policy, found)


def c_name(stem: str) -> str:
    """A file's stem as an identifier of C: what is none becomes `_`, and a digit in front gets one."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", stem)
    return name if re.match(r"[A-Za-z]", name) else f"policy_{name}"
