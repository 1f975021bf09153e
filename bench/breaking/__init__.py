"""Inputs that nobody means well with, for the scripts break_*.py."""
