"""Own the loop: ask for candidates, evaluate them, tell the results; hyperparameters are arguments of each call.

python docs/examples/ask_tell.py
"""

import bierl_fast as bf

GENERATIONS = 6  # raise to 60


def main() -> None:
    """Train a linear policy on Hopper with a rule of one's own for sigma."""
    evaluator = bf.make_evaluator("Hopper-v5", hidden=(), obs_norm=True)  # threads: all cores; same bits at any number
    start = evaluator.policy.initial_parameters(seed=0)
    strategy = bf.make_strategy("ars", mean=start, population=16, top=4)
    print({name: spec.default for name, spec in strategy.declared.items()})
    for generation in range(GENERATIONS):
        hp = bf.Hyperparameters(sigma=0.025 * 0.99**generation, learning_rate=0.01, alive_offset=1.0)
        key = bf.NoiseKey(run_seed=0, generation=generation)  # all randomness: equal keys, equal candidates and resets
        population = strategy.ask(hp, key)  # names of noise, not noise; ask changes nothing
        batch = evaluator.evaluate(population)  # row i answers row i; releases the GIL, changes nothing
        strategy.tell(population, batch)  # the one call that moves strategy.mean
        evaluator.absorb(batch)  # observation statistics
        print(
            generation, f"{batch.returns_r.mean():8.1f}", batch.lengths_r.sum(), "steps", batch.failed_r.sum(), "failed"
        )
    policy = evaluator.policy.with_parameters(strategy.mean)
    policy.save("hopper.npz")  # one file, without pickle
    print(bf.evaluate(bf.Policy.load("hopper.npz"), episodes=10)["mean_return"])


if __name__ == "__main__":
    main()
