"""The benchmark: every figure the product promises, against the figure it reaches on the simulated bench."""
