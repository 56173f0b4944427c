"""The through-focus fit: from measured edges to a fitted lens with its uncertainty."""
