"""From observations to points: noise, consensus, refinement, covariance."""
