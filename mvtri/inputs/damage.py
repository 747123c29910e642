"""The last net under the readers: what a library or a reader did not foresee still is one sentence."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mvtri.errors import InputError, MvtriError


class DamagedFileError(InputError):
    """A file that made a reader fail in a way that nobody foresaw; its cause is the reader's own exception.

    Readers say themselves what is wrong with a file.  Where this appears, a check is missing in one: the
    fuzzer counts it as a finding.
    """


@contextlib.contextmanager
def as_damage(path: Path) -> Iterator[None]:
    """Raise `DamagedFileError` in place of any exception that is not one of mvtri's own."""
    try:
        yield
    except MvtriError:
        raise
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is; is it damaged?") from None
    except Exception as error:  # a net: see `DamagedFileError`
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        raise DamagedFileError(
            f"{path} cannot be read ({reason}); it is probably damaged, so write it again"
        ) from error
