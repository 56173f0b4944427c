"""Guided procedures at the bench, each over the same photos as the measurement: focus assist and alignment."""
