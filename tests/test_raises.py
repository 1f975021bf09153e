"""What docstrings say is raised: classes that one can catch, an argument's wrong type among them."""

from __future__ import annotations

import builtins
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast import kernels

ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Interrupt)\b")


def documented() -> Iterator[tuple[str, str]]:
    """Every docstring of the package."""
    for found in pkgutil.walk_packages(bf.__path__, "bierl_fast."):
        if found.name.rsplit(".", 1)[-1].startswith("_"):
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            yield f"{found.name}.{name}", thing.__doc__ or ""
            for method, each in vars(thing).items() if isinstance(thing, type) else ():
                yield f"{found.name}.{name}.{method}", getattr(each, "__doc__", None) or ""


def test_every_error_that_is_named_can_be_caught_by_that_name() -> None:
    unknown = []
    for place, text in documented():
        _, there, raises = inspect.cleandoc(text).partition("Raises:\n")
        if there:
            names = [found for line in raises.splitlines() for found in ERROR.findall(line.split(":")[0])]
            unknown += [f"{place}: {name}" for name in names if name not in bf.__all__ and not hasattr(builtins, name)]
    assert not unknown


PUBLIC: dict[str, Callable[..., Any]] = {
    name: each
    for name in bf.__all__
    if callable(each := getattr(bf, name)) and not isinstance(each, type) and inspect.signature(each).parameters
} | {f"kernels.{name}": each for name, each in vars(kernels).items() if hasattr(each, "_looked_at")}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_wrong_type_is_said_and_raised(name: str) -> None:
    function = PUBLIC[name]
    assert "ArgumentTypeError" in (function.__doc__ or "")
    parameters = list(inspect.signature(function).parameters.values())
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wrong = {p.name: object() for p in parameters if p.default is p.empty and p.kind not in several}
    if not wrong and parameters[0].kind not in several:
        wrong = {parameters[0].name: object()}
    with pytest.raises(bf.ArgumentTypeError) as caught:
        function(*[object() for p in parameters if p.kind is p.VAR_POSITIONAL], **wrong)
    assert "\n" not in str(caught.value)


def test_classes_say_it_too() -> None:
    for name in bf.__all__:
        thing = getattr(bf, name)
        if isinstance(thing, type) and hasattr(vars(thing).get("__init__"), "_looked_at"):
            assert "ArgumentTypeError" in (thing.__doc__ or ""), name
