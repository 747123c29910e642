"""3D tracks in files, one module a format."""
