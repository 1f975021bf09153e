"""Worker processes that run the episodes of any Gymnasium environment."""
