"""The command `bierl`: arguments in, run called, text out."""
