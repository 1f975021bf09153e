"""Tasks of one's own on the native path, and how any task is written."""
