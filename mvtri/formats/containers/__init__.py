"""Containers that hold arrays (npz, HDF5, pickle), read without trusting them."""
