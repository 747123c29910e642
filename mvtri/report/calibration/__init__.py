"""The report of a calibration: pictures of the coverage, tables of residuals, and rejected pictures."""
