"""From summaries to figures, tables and pages. Nothing here measures or computes statistics."""
