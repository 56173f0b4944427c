"""Shared by the tests: a frame of the simulated bench, small enough to score in a second."""
