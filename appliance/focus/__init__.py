"""From measured edges to focus position, uncertainty and verdict."""
