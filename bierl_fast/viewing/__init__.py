"""Runs as one sees them: a window, a film."""
