"""Ctrl-C reaches a running evaluation within a second, and the evaluator can be used afterwards."""

from __future__ import annotations

import signal
import subprocess
import time

from helpers.subprocesses import command, environment

SCRIPT = """
import time
import numpy as np
import bierl_fast as bf
from helpers.populations import assert_same_bits, population

evaluator = bf.make_evaluator("HumanoidStandup-v5", hidden=(8,), threads=2)
theta = evaluator.policy.initial_parameters()
short = population(theta, 1)
before = evaluator.evaluate(short)
print("ready", flush=True)
try:
    evaluator.evaluate(population(theta, 1000))
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", repr(time.time()), flush=True)
assert_same_bits(before, evaluator.evaluate(short))
print("usable")
"""


def test_interrupt_within_a_second() -> None:
    """1000 episodes of 1000 steps would take minutes."""
    process = subprocess.Popen(command(SCRIPT), stdout=subprocess.PIPE, text=True, env=environment())
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)  # inside the native call by now: all it does before is to make 1000 names
        process.send_signal(signal.SIGINT)
        sent = time.time()
        word, moment = process.stdout.readline().split()
        assert word == "interrupted"
        assert float(moment) - sent < 1.0
        assert process.stdout.readline() == "usable\n"
    assert process.returncode == 0
