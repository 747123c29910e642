"""The report about one reconstruction: sections, plots, pictures, the 3D viewer."""
