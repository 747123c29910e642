"""Crops, boxes, rendering and occlusion."""
