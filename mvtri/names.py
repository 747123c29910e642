"""Which of two lists of names belong together: cameras and their videos, folders or files."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mvtri.errors import InputError

_SHOWN = 20  # names in a message
_FILE_ENDING = re.compile(r"\.(avi|jpe?g|json|m4v|mkv|mov|mp4|png|tiff?|webm|wmv)$", re.IGNORECASE)


def canonical(name: str) -> str:
    """Return `name` in lower case without punctuation and without a ``_json`` ending, in any script.

    Full-width letters and the digits of all scripts become the ordinary ones.  Between two numbers one ``_``
    stays, so that ``1-2`` is not ``12``.  A name of punctuation alone stays as it is.
    """
    bare = _joined(_tokens(name))
    return bare.removesuffix("json") or bare or _normalised(name)


def match_names(
    wanted: Sequence[str],
    found: Sequence[str],
    what: str,
    where: str,
    longer: bool = True,
    remedy: str = "rename them, or choose cameras with --cams",
) -> dict[str, str]:
    """Return for each name of `wanted` the one of `found` that matches; no two get the same one.

    The first rule that gives a match decides: equal letter for letter; equal in Unicode's normal forms (NFC,
    then NFKC without spaces at the ends); equal ignoring case, punctuation and a ``_json`` ending; also
    ignoring zeros before numbers (``cam_01`` and ``Cam1``), then endings of files (``cam1.mp4_json``); one
    contained in the other (``cam1`` and ``2024-05-01_cam1``); what tells the names of each side apart is
    contained in the other (``int_cam1_img`` and ``trial1_cam1``).  What is contained must begin and end where
    a word or a number does (``cam1`` is not contained in ``cam10``), and must not lie in the part that all
    names on the other side have in common.

    Parameters
    ----------
    wanted, found : sequence of str
    what : str
        What a name is of, for messages, such as ``"camera"``.
    where : str
        What `found` are, such as ``"videos"``.
    longer : bool
        Whether a name of `wanted` may contain one of `found`, and not only the reverse.
    remedy : str
        What to do where a name has no match.

    Raises
    ------
    InputError
        If a name has no match, or several, or two names have the same one; the sentence lists both sides.
    """
    wanted, found = list(dict.fromkeys(wanted)), list(dict.fromkeys(found))
    matched: dict[str, str] = {}
    for key in _RULES:
        _match(matched, wanted, found, _equal_by(key, found), (what, where))
    _match(matched, wanted, found, _contained(wanted, found, longer), (what, where))
    if longer:
        _match(matched, wanted, found, _shared_part(wanted, found), (what, where))
    for name in wanted:
        if name not in matched:
            _refuse_same(name, matched, (what, where))
            raise InputError(
                f"the {what} {name} matches none of the {where}: wanted {listed(wanted)}, found "
                f"{listed(found) or 'nothing'}; {remedy}"
            )
    return {name: matched[name] for name in wanted}


def _refuse_same(name: str, matched: Mapping[str, str], words: tuple[str, str]) -> None:
    """Raise InputError where a name without a match is another spelling of one that has its match."""
    for other, found in matched.items():
        if any(key(other) == key(name) for key in _RULES):
            what, where = words
            raise InputError(
                f"the {what}s {other} and {name} both match {found} among the {where}; name each once, or "
                "rename them so that each matches its own"
            )


def listed(names: Sequence[str], between: str = ", ", most: int = _SHOWN) -> str:
    """Return names with commas between them; of very many, the first ones and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them: S9 before S11."""
    parts = re.findall(r"\d+|\D+", _with_plain_digits(text))
    numbers = [part.lstrip("0") if part.isdecimal() else None for part in parts]
    return [(-1, part) if digits is None else (len(digits), digits) for part, digits in zip(parts, numbers)]


def _match(
    matched: dict[str, str],
    wanted: Sequence[str],
    found: Sequence[str],
    fitting: Callable[[str], list[str]],
    words: tuple[str, str],
) -> None:
    """Add the matches that one rule gives to the names that the rules before it left over."""
    taken = set(matched.values())
    new: dict[str, str] = {}
    what, where = words
    for name in wanted:
        if name in matched:
            continue
        free = [other for other in fitting(name) if other not in taken]
        if len(free) > 1:
            raise InputError(
                f"the {what} {name} matches several {where} ({listed(free)}); rename all but one"
            )
        if free:
            new[name] = free[0]
    by_match: dict[str, str] = {}
    for name, other in new.items():
        if other in by_match:
            raise InputError(
                f"the {what}s {by_match[other]} and {name} both match {other}: wanted {listed(wanted)}, "
                f"found {listed(found)} among the {where}; rename them so that each matches its own"
            )
        by_match[other] = name
    matched.update(new)


def _equal_by(key: Callable[[str], str], found: Iterable[str]) -> Callable[[str], list[str]]:
    by_key: dict[str, list[str]] = {}
    for other in found:
        by_key.setdefault(key(other), []).append(other)
    return lambda name: by_key.get(key(name), [])


def _contained(wanted: Sequence[str], found: Sequence[str], longer: bool) -> Callable[[str], list[str]]:
    """Return the rule of containment; with `longer` in either direction."""
    in_wanted, in_found = _Group.of(wanted), _Group.of(found)

    def fitting(name: str) -> list[str]:
        distinct, any_place = [], []
        for other in found:
            part, whole = in_wanted.tokens[name], in_found.tokens[other]
            places = [in_found.places(part, whole)]
            if longer:
                places.append(in_wanted.places(whole, part))
            if any(inner for inner, _ in places):
                distinct.append(other)
            if any(inner or outer for inner, outer in places):
                any_place.append(other)
        return distinct or (any_place if len(any_place) > 1 else [])

    return fitting


def _shared_part(wanted: Sequence[str], found: Sequence[str]) -> Callable[[str], list[str]]:
    """Return the rule that what tells the names of each side apart is contained in the other's."""
    in_wanted, in_found = _Group.of(wanted), _Group.of(found)

    def fitting(name: str) -> list[str]:
        own = in_wanted.distinct_part(name)
        fits = []
        for other in found:
            theirs = in_found.distinct_part(other)
            parts = [(own, in_found.tokens[other]), (theirs, in_wanted.tokens[name])]
            known = [(part, whole) for part, whole in parts if part]
            if known and all(_is_run(part, whole) for part, whole in known):
                fits.append(other)
        return fits

    return fitting


def _is_run(part: list[str], whole: list[str]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))


class _Group(NamedTuple):
    """The words and numbers of several names, and how many all of them begin and end with."""

    tokens: dict[str, list[str]]
    first: int
    last: int

    @classmethod
    def of(cls, names: Sequence[str]) -> "_Group":
        tokens = {name: [_without_zeros(token) for token in _own_tokens(name)] for name in names}
        lists = list(tokens.values())
        if len(lists) < 2:
            return cls(tokens, 0, 0)
        return cls(tokens, _shared(lists), _shared([one[::-1] for one in lists]))

    def distinct_part(self, name: str) -> list[str]:
        """Return what tells a name from the others; a number with the word before or after it.

        Empty where there are no others, or a number stands alone.
        """
        tokens = self.tokens[name]
        stop = max(len(tokens) - self.last, self.first)
        part = tokens[self.first : stop]
        if not part or len(self.tokens) < 2:
            return []
        if not _is_number(part):
            return part
        before, after = tokens[max(self.first - 1, 0) : self.first], tokens[stop : stop + 1]
        if before and not _is_number(before):
            return before + part
        return part + after if after and not _is_number(after) else []

    def places(self, part: list[str], whole: list[str]) -> tuple[bool, bool]:
        """Return whether `part` is within `whole` where the group's names differ, and where they agree."""
        distinct = shared = False
        length, target = len(whole), _joined(part)
        for start in range(length if target else 0):
            for stop in range(start + 1, length + 1):
                run = _joined(whole[start:stop])
                if run == target and not (start == 0 and stop == length):
                    inside = stop <= self.first or start >= length - self.last
                    distinct, shared = distinct or not inside, shared or inside
                if len(run) >= len(target):
                    break
        return distinct, shared


def _is_number(tokens: Sequence[str]) -> bool:
    return all(token.isdecimal() for token in tokens)


def _shared(lists: list[list[str]]) -> int:
    """Return how many tokens all lists begin with."""
    count = 0
    for column in zip(*lists):
        if len(set(column)) > 1:
            break
        count += 1
    return count


def _normalised(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()


def _with_plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def _tokens(name: str) -> list[str]:
    """Return the words and numbers of a name in lower case.

    A word ends at punctuation, at a digit and before a capital letter (``camLeft``); each letter of Chinese,
    Japanese and Korean, which write no spaces, is a word.
    """
    tokens: list[str] = []
    before = ""  # the kind of the letter before
    for letter in _with_plain_digits(_normalised(name)):
        category = unicodedata.category(letter)
        if letter.isdecimal():
            kind = "number"
        elif category[0] not in "LMN":
            kind = "" if category != "Cf" else before  # Cf: joiners and the like, which nobody sees
        elif category[0] == "M" and before:
            kind = before
        elif unicodedata.east_asian_width(letter) == "W":
            kind = "wide"
        else:
            kind = "capital" if category in ("Lu", "Lt") else "small"
        if not kind or category == "Cf":
            before = kind
            continue
        continues = category[0] == "M" or kind == before or (before, kind) == ("capital", "small")
        if before and continues and (kind != "wide" or category[0] == "M"):
            tokens[-1] += letter
        else:
            tokens.append(letter)
        before = kind
    folded = [unicodedata.normalize("NFKC", token.casefold()) for token in tokens]
    return [token for token in folded if token]


def _own_tokens(name: str) -> list[str]:
    """Return the tokens of a name without what says only which kind of file it is: ``_json``, ``.mp4``."""
    tokens = _tokens(_FILE_ENDING.sub("", name))
    return tokens[:-1] if len(tokens) > 1 and tokens[-1] == "json" else tokens


def _joined(tokens: Sequence[str]) -> str:
    """Return the tokens as one text, with ``_`` between two numbers."""
    text = ""
    for token in tokens:
        between = "_" if text and text[-1].isdecimal() and token[0].isdecimal() else ""
        text += between + token
    return text


def _without_zeros(token: str) -> str:
    return token.lstrip("0") or "0" if token.isdecimal() else token


def _canonical_without_zeros(name: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", canonical(name))


_RULES: tuple[Callable[[str], str], ...] = (
    str,
    lambda name: unicodedata.normalize("NFC", name),
    _normalised,
    canonical,
    _canonical_without_zeros,
    lambda name: _canonical_without_zeros(_FILE_ENDING.sub("", re.sub(r"_json$", "", name))),
)
