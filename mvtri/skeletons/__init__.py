"""Keypoint sets: names, links, left-right pairs, groups and OKS sigmas, one data file each."""

from mvtri.skeletons.skeleton import Skeleton, get_skeleton, list_skeletons

__all__ = ["Skeleton", "get_skeleton", "list_skeletons"]
