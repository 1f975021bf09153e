"""Every setting of a run, each documented once beside its owner: sections -> Config; files, presets, checks."""
