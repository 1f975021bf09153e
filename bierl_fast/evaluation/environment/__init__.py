"""A Gymnasium environment seen from outside: made, its spaces read, tried out."""
