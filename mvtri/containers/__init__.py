"""Containers that hold arrays (npz, HDF5, netCDF, pickle), read without trusting them."""
