"""Lenses, projection and undistortion."""
