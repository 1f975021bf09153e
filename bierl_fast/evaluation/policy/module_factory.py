"""A function of the user's that makes a torch module: unlike the module itself, a saved run finds it again.

function or "module:factory" -> ModuleFactory -> (spec, seed) -> torch.nn.Module
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bierl_fast.by_value import ByValue
from bierl_fast.errors import ArgumentError, ArgumentTypeError
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.import_path import imported, settled, written_name
from bierl_fast.reasons import reason

if TYPE_CHECKING:
    import torch


class ModuleFactory:
    """Makes a module for an environment, the same one for equal seeds.

    Args:
        function: takes nothing, or (observation_size, action_size) where it cannot be called without two arguments, and
            returns a torch.nn.Module; or its import path, "module:function". The class of a module is one, too. What it
            draws from torch's own generator is drawn at the seed; other randomness is its own affair.

    Raises:
        ArgumentError: the path leads to no function.
        ArgumentTypeError: no function, or one that takes other arguments.
    """

    def __init__(self, function: str | Callable[..., Any]) -> None:
        self.name = settled(function) if isinstance(function, str) else written_name(function)
        self._function = imported(function, "policy") if isinstance(function, str) else function
        self._sized = _takes_sizes(self.name, self._function)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_function": ByValue(self._function)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= {**state, "_function": state["_function"].thing}

    def __call__(self, spec: PolicySpec, seed: int) -> torch.nn.Module:
        """A new module for an environment.

        Raises:
            ArgumentError: the function raised something.
            ArgumentTypeError: it returned no module.
        """
        from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s
        from bierl_fast.torch_threads import one_torch_thread  # noqa: PLC0415 - loads torch

        sizes = (spec.observation_size, len(spec.low)) if self._sized else ()
        # One thread, as the sums of an orthogonal start may depend on their number.
        with one_torch_thread(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            try:
                module = self._function(*sizes)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # whatever a user's function raises
                raise ArgumentError(f"the policy {self.name!r} raised {reason(error)}", ["policy"]) from error
        if not isinstance(module, torch.nn.Module):
            raise ArgumentTypeError(
                f"the policy {self.name!r} must return a torch.nn.Module, got {type(module).__name__}", ["policy"]
            )
        return module


def _takes_sizes(name: str, function: Any) -> bool:
    """Whether a factory wants the sizes of observation and action; ArgumentTypeError for what is none."""
    from bierl_fast._torch import torch  # noqa: PLC0415 - torch takes 1 s

    wanted = "policy must be a function that makes a torch.nn.Module, or its import path module:function"
    if isinstance(function, torch.nn.Module):
        raise ArgumentTypeError(
            f"{wanted}, got a module itself, {type(function).__name__}; give a function that returns it",
            ["policy"],
        )
    if not callable(function):
        raise ArgumentTypeError(f"{wanted}, got {type(function).__name__}", ["policy"])
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some that are written in C do not tell
        return False
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [p for p in parameters if p.default is p.empty and p.kind not in variable]
    if len(required) not in {0, 2} or any(p.kind is p.KEYWORD_ONLY for p in required):
        needs = ", ".join(parameter.name for parameter in required)
        raise ArgumentTypeError(
            f"the policy {name!r} must take nothing, or observation and action size; it needs ({needs})",
            ["policy"],
        )
    return bool(required)
