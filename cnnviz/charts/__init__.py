"""Charts: numbers in, figures out. Nothing here knows where the numbers come from or where a figure is shown."""

from plotly.graph_objects import Figure

__all__ = ["Figure"]
