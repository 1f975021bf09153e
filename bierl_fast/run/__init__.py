"""A training run: config, loop, metrics, checkpoints. The only place that knows everybody."""
