"""Kalman filter and smoother of points over time, several tracks side by side."""
