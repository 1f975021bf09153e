"""`bierl compare`: many runs from one file, side by side, and what they say together."""
