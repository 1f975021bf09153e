"""Policies in other programs' formats."""
