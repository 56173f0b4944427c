"""The bench in code: printed parts, bought parts, their assembly, drawings and checks."""
