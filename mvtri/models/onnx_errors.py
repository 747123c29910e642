"""ONNX Runtime's errors as part of a sentence: the last cause, without places in its source code."""

import re

LONGEST = 500  # characters, cut at the end of a sentence or a word
_PLACE = re.compile(r"\S+\.(?:cc|cpp|cu|cuh|h|hpp):\d+ ")  # file and line in ONNX Runtime's sources
_STATUS = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_LOADING = re.compile(r"^Load model from .*? failed: ?")
_SENTENCE_END = re.compile(r"[.;!?] ")


def last_cause(error: BaseException) -> str:
    """Return the last cause that an error of ONNX Runtime names, on one line and without a full stop.

    Its messages are chains: a status, what was being done, and then for each step that failed a place in the
    C++ sources, the signature of the function there, and the cause.
    """
    text = " ".join(str(error).split())
    places = list(_PLACE.finditer(text))
    if places:
        cause = _without_signature(text[places[-1].end() :])
        text = cause or text
    text = _LOADING.sub("", _STATUS.sub("", text))
    return _shortened(text).rstrip(". ") or type(error).__name__


def _without_signature(text: str) -> str:
    """Return `text` without the C++ function that it starts with: all up to the end of its arguments."""
    depth = 0
    for at, letter in enumerate(text):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
            rest = text[at + 1 :].removeprefix(" const")
            if depth == 0 and rest.startswith(" ") and not rest.startswith((" [", " (")):
                return rest.strip()
    return ""


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head = text[:LONGEST]
    ends = [found.start() + 1 for found in _SENTENCE_END.finditer(head)]
    return head[: ends[-1]] if ends else f"{head.rpartition(' ')[0] or head} ..."
