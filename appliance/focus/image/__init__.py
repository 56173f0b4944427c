"""The widely defocused parts of a photo, compared with the chart as a lens would show it there."""
