"""The one way in for files of others: only regular files, and no more memory than their size excuses."""

from mvtri.inputs.damage import DamagedFileError, as_damage
from mvtri.inputs.decimals import separator_of, with_points
from mvtri.inputs.limits import LIMIT_VARIABLE, check_memory, memory_limit
from mvtri.inputs.opening import check_regular, exists, open_input, read_bytes
from mvtri.inputs.texts import decode_text, read_text, split_lines, whole_number
from mvtri.inputs.trees import parse_json, parse_toml, toml_fault

__all__ = [
    "LIMIT_VARIABLE",
    "DamagedFileError",
    "as_damage",
    "check_memory",
    "check_regular",
    "decode_text",
    "exists",
    "memory_limit",
    "open_input",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_text",
    "separator_of",
    "split_lines",
    "toml_fault",
    "whole_number",
    "with_points",
]
