"""The printed chart: its layout, its drawing, and finding it in a photo."""
