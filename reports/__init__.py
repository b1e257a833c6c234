"""HTML that people read."""
