"""Keypoint sets: names, links, left-right pairs, groups and OKS sigmas, one data file each."""

from mvtri.skeletons.definition import definition_of
from mvtri.skeletons.library import (
    NameOrFile,
    find_skeleton,
    get_skeleton,
    is_built_in,
    left_right_pairs,
    list_skeletons,
    remember_skeleton,
)
from mvtri.skeletons.skeleton import Skeleton

__all__ = [
    "NameOrFile",
    "Skeleton",
    "definition_of",
    "find_skeleton",
    "get_skeleton",
    "is_built_in",
    "left_right_pairs",
    "list_skeletons",
    "remember_skeleton",
]
