"""Population -> EvaluationBatch: where episodes run. `table` picks the evaluator for a task."""
