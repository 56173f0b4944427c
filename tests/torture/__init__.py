"""Kills, damage and full disks, from outside; see ``scripts/torture --help``."""
