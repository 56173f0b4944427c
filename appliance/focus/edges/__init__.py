"""Printed edges in a photo: where they are, how they are measured, and what lies in their profiles beside the lens."""
