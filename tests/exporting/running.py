"""Exported files, run as those would who have nothing of this project."""

from __future__ import annotations

import io
import json
import re
import runpy
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from bierl_fast.messages import F32

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
DRIVER = """\
#include <stdio.h>
#include "NAME.h"
int main(void) {
  float observation[NAME_OBSERVATION_SIZE], action[NAME_ACTION_SIZE];
  while (fread(observation, sizeof observation, 1, stdin) == 1) {
    NAME_act(observation, action);
    fwrite(action, sizeof action, 1, stdout);
  }
  return 0;
}
"""


def by_onnx(path: Path, observation_no: F32) -> F32:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"observation": observation_no})
    return np.asarray(answer)


def by_torchscript(path: Path, observation_no: F32) -> F32:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
        module = torch.jit.load(path)  # type: ignore[no-untyped-call]
    answer: F32 = module(torch.from_numpy(observation_no)).numpy()
    return answer


def by_pt2(path: Path, observation_no: F32) -> F32:
    answer: F32 = torch.export.load(path).module()(torch.from_numpy(observation_no)).numpy()
    return answer


def by_numpy(path: Path, observation_no: F32) -> F32:
    act = runpy.run_path(str(path))["act"]
    return np.array([act(observation) for observation in observation_no])


def by_c(path: Path, observation_no: F32, compiler: str = "gcc", *flags: str) -> F32:
    """Compiled without a warning, and without any library of its own."""
    name = path.stem
    driver, program = path.with_name("driver.c"), path.with_name("driver")
    driver.write_text(DRIVER.replace("NAME", name))
    subprocess.run([compiler, *STRICT, "-O1", *flags, "-o", program, driver], check=True, cwd=path.parent)
    done = subprocess.run([program], input=observation_no.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(len(observation_no), -1)


RUN = {"onnx": by_onnx, "torchscript": by_torchscript, "pt2": by_pt2, "numpy": by_numpy, "c": by_c}
ENDINGS = {"onnx": ".onnx", "torchscript": ".pt", "pt2": ".pt2", "numpy": ".py", "c": ".h"}


def facts_in(path: Path, form: str) -> dict[str, Any]:
    """The facts that the file holds."""
    if form == "onnx":
        known = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        return {key: json.loads(value) for key, value in known.items()}
    if form == "numpy":
        return dict(runpy.run_path(str(path))["FACTS"])
    if form == "c":
        found = re.search(r"^\{$.*?^\}$", path.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert found is not None
        return dict(json.loads(found[0]))
    extra: dict[str, Any] = {"facts.json": ""}
    if form == "pt2":
        torch.export.load(io.BytesIO(path.read_bytes()), extra_files=extra)
    else:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
            torch.jit.load(path, _extra_files=extra)  # type: ignore[no-untyped-call]
    return dict(json.loads(extra["facts.json"]))
