"""Rows on the nodes of a Ray cluster, with the bits of one machine."""
