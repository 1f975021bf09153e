"""Inner level: evolution strategies over policy parameters. One algorithm, one file; `table` names them."""
