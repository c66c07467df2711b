"""One self-contained HTML page of a run, with its picture as SVG."""
