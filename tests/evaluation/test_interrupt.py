"""Ctrl-C reaches a running evaluation long before its end, and the evaluator can be used afterwards."""

from __future__ import annotations

import signal
import time

from helpers.subprocesses import TIMEOUT, command, running, until_at_work

SCRIPT = """
import time
import numpy as np
import bierl_fast as bf
from helpers.populations import assert_same_bits, population

evaluator = bf.make_evaluator("HumanoidStandup-v5", hidden=(8,), threads=2)
theta = evaluator.policy.initial_parameters()
short = population(theta, 1)
before = evaluator.evaluate(short)
try:
    print("ready", flush=True)
    evaluator.evaluate(population(theta, 1000))
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", repr(time.time()), flush=True)
assert_same_bits(before, evaluator.evaluate(short))
print("usable")
"""


def test_interrupt() -> None:
    """1000 episodes of 1000 steps would take many minutes."""
    with running(command(SCRIPT)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        until_at_work(process.pid)  # inside the native call by now: all it does before is to make 1000 names
        process.send_signal(signal.SIGINT)
        sent = time.time()
        word, moment = process.stdout.readline().split()
        assert word == "interrupted"
        assert float(moment) - sent < 60.0
        assert process.stdout.readline() == "usable\n"
        process.wait(TIMEOUT)
    assert process.returncode == 0
