"""Bundle adjustment on plain arrays: derivatives, normal equations and steps."""
