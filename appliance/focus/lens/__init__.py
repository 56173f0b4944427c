"""What a lens does to the response of an edge: its parameters, priors, optical transfer function and aberrations."""
