"""Inverse kinematics on plain arrays: the coordinates of a body model that fit its markers best."""
