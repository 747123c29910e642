"""One self-contained HTML page: markup, style, scripts and the values of plots."""
