"""`bierl diagnose`: what a meta-level's estimate is worth, measured beside a finished run."""
