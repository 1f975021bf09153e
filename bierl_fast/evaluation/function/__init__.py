"""Functions as tasks: one call is one step."""
