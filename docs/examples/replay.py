"""Replay an episode of training in Gymnasium, step by step: to see, film or measure what a candidate did.

python docs/examples/replay.py
"""

import gymnasium

import bierl_fast as bf


def main() -> None:
    """Train a little, then run the best candidate of the last generation again in Gymnasium's own environment."""
    evaluator = bf.make_evaluator("Walker2d-v5", hidden=(32,), obs_norm=True)
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=16)
    hp = bf.Hyperparameters(sigma=0.05, learning_rate=0.05)
    for generation in range(5):  # raise to 200
        population = strategy.ask(hp, bf.NoiseKey(run_seed=0, generation=generation))
        batch = evaluator.evaluate(population)
        strategy.tell(population, batch)
        if generation < 4:  # the last one's statistics stay those that its episodes ran with
            evaluator.absorb(batch)

    row = int(batch.returns_r.argmax())
    policy = evaluator.policy.with_parameters(evaluator.parameters(population, row))
    env = gymnasium.make("Walker2d-v5")  # render_mode="human" shows it; "rgb_array" for gymnasium's RecordVideo
    observation, _ = env.reset(seed=evaluator.reset_seed(population, row))
    total, done = 0.0, False
    while not done:
        observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
        total, done = total + float(reward), terminated or truncated
    print(f"row {row}: {batch.returns_r[row]} in training, {total} in Gymnasium")
    env.close()


if __name__ == "__main__":
    main()
