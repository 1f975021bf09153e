"""Reports: runs and comparisons as pages."""
