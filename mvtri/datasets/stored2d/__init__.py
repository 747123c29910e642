"""2D that a detector found earlier, for the sequences of a labelled dataset: where it lies, and who it is.

The files are read by `mvtri.formats.detections`.
"""
