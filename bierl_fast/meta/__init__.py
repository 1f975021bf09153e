"""History -> Hyperparameters: the meta-level that sets a strategy's hyperparameters. `table` names them."""
