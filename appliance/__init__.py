"""focuscheck: a bench appliance that measures where a lens focuses, from one photo of a printed chart."""
