"""2D that a detector found earlier, for the sequences of a labelled dataset; one file a format."""
