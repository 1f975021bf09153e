"""Pictures of runs, from their records."""
