"""Reading one input, and saying what came of it."""

import resource
import signal
import traceback
import warnings
from pathlib import Path
from typing import Any

import fuzz_read

CPU_LIMIT = 2.0  # s of processor time
MEMORY_LIMIT = 2**30  # bytes above the input's size
OUTCOMES = ("read", "refused", "other", "hang", "memory", "crash", "implausible")
FINE = ("read", "refused")


class HangError(BaseException):
    """The processor time of one input is used up; no reader may catch it, so it is no `Exception`."""


def judge(reader: str, path: Path, options: dict[str, Any], forced: bool) -> tuple[str, str]:
    """Read an input; return the outcome and a few words: the sentence, or the traceback."""

    def stop(*_: object) -> None:
        raise HangError

    size = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file())
    before = peak_memory(reset=True)
    former = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)
    try:
        outcome, detail = _outcome(reader, path, options, forced)
        signal.setitimer(signal.ITIMER_PROF, 0)
    except HangError:
        outcome, detail = "hang", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
    grown = peak_memory() - before
    if outcome in FINE and grown > MEMORY_LIMIT + size:
        outcome, detail = "memory", f"{grown / 1e6:.0f} MB; {detail}"
    return outcome, detail


def _outcome(reader: str, path: Path, options: dict[str, Any], forced: bool) -> tuple[str, str]:
    from mvtri.errors import MvtriError
    from mvtri.inputs import DamagedFileError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fuzz_read.read(reader, path, options, forced)
    except DamagedFileError:  # caught by the last net alone
        return "other", traceback.format_exc()
    except MvtriError as error:
        if _out_of_memory(error):
            return "memory", traceback.format_exc()
        return ("other" if "\n" in str(error) or not str(error) else "refused"), str(error)
    except fuzz_read.ImplausibleError as error:
        return "implausible", str(error)
    except Exception:  # that no other exception leaves a reader is the very thing judged here
        return "other", traceback.format_exc()
    return "read", ""


def _out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error stands for a `MemoryError`: memory was asked for before it was checked.

    That of PyAV does not count: FFmpeg raises it of its own accord where a file asks for more than 2 GB.
    """
    while error is not None:
        if isinstance(error, MemoryError) and not type(error).__module__.startswith("av."):
            return True
        error = error.__cause__ or error.__context__
    return False


def peak_memory(reset: bool = False) -> int:
    """Return the peak of this process's resident memory, bytes, since the last reset."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
