"""From fitted lenses to a verdict: budget, guard bands, reasons and words."""
