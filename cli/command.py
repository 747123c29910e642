"""The command ``mvtri``: verbs that load when they are called, and errors as one sentence."""

import contextlib
import errno
import importlib
import logging
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import click

from mvtri._version import __version__
from mvtri.cli.terminal import printable, stderr
from mvtri.errors import MvtriError

VERBS = {
    "reconstruct": "Reconstruct a person in 3D from the videos of calibrated cameras.",
    "calibrate": "Find or refine the cameras of a rig, from a board or from the people that they see.",
    "audit": "Check whether a calibration is sound, alone or with a recording, and say what is wrong.",
    "convert": "Convert calibrations, 2D keypoints and 3D tracks between formats.",
    "benchmark": "Measure how accurate 3D reconstruction is on labelled data, method by method.",
    "lift": "Lift the 2D of one camera to 3D.",
    "simulate": "Move a body model as recorded markers moved, for labels of the spine.",
    "label": "Write labels for training 2D detectors, where the views of a reconstruction agree.",
    "models": "List, download and add the networks that detect people and keypoints.",
}
FAILED = 1
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
REMEDIES = {
    errno.ENOSPC: "make room on that disk, or choose a folder on another one with --out",
    getattr(errno, "EDQUOT", -1): "make room within your quota, or choose a folder elsewhere with --out",
    errno.EROFS: "choose a folder that can be written with --out",
    errno.EACCES: "check the permissions of that file and of its folder",
    errno.EPERM: "check the permissions of that file and of its folder",
    errno.EMFILE: "allow more open files (ulimit -n), or choose fewer cameras with --cams",
}
IMPATIENCE = 3.0  # seconds in which further signals do not disturb the end that the first one began


class Stop(KeyboardInterrupt):
    """A signal asked the process to end; everything cleans up as after Ctrl-C."""


class Verbs(click.Group):
    """A group whose commands are imported when they are used, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order in which a newcomer needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of the verb `name`; None if there is no such verb."""
        if name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"mvtri.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mvtri")
@click.option("--debug", is_flag=True, help="Show where in the code an error arose.")
@click.option("-q", "--quiet", is_flag=True, help="Print only results, warnings and errors; no progress.")
@click.pass_context
def mvtri(ctx: click.Context, debug: bool, quiet: bool) -> None:
    """Multi-view reconstruction of people, down to the spine.

    mvtri turns the videos of calibrated cameras into 3D tracks with their uncertainty.  Try it on the
    built-in demo:

        mvtri reconstruct --cams 4
    """
    ctx.ensure_object(dict)
    ctx.obj.update(debug=debug, quiet=quiet)
    _log_to_stderr(logging.WARNING if quiet else logging.INFO)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit.

    The exit code is 0 when all is done, 1 after an error (one sentence on stderr), 2 if `mvtri audit` finds
    something wrong, 130 after Ctrl-C, and 143
    after SIGTERM.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    # --debug and --quiet may stand anywhere; click expects the options of a group before the verb
    everywhere = [flag for flag in ("--debug", "--quiet", "-q") if flag in arguments]
    arguments = everywhere + [argument for argument in arguments if argument not in everywhere]
    if args is None:  # this process is the command's, and NumPy not loaded yet
        # matrices are small here, and OpenBLAS's threads spin while they wait for more of them
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with _signals_stop() as received:
        code = _run(arguments, debug="--debug" in everywhere, received=received)
    if received and args is None:
        _end_now(code)
    sys.exit(code)


def _end_now(code: int) -> None:
    """End this process, as the last step after a signal.

    The usual end of Python stops threads that are still in native code, such as one that decodes a frame,
    wherever they next ask for the interpreter's lock: C++ code then aborts the process.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextlib.contextmanager
def _signals_stop() -> Iterator[list[int]]:
    """Let Ctrl-C, SIGTERM and SIGHUP raise `Stop`; yield a list that the numbers of signals are added to.

    Signals that somebody ignores stay ignored (`nohup`).  After a signal the handlers stay: the process ends.
    """
    received: list[int] = []
    last = -math.inf

    def stop(number: int, frame: Any) -> None:
        nonlocal last
        received.append(number)
        now = time.monotonic()
        if now - last > IMPATIENCE:
            last = now
            raise Stop

    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in before.items() if handler in usual}
    with contextlib.suppress(ValueError):  # not the main thread, where no signal arrives
        for number in before:
            signal.signal(number, stop)
    hook = sys.unraisablehook

    def ignored(lost: Any) -> None:
        """Take what Python can only ignore, because it is raised in a `__del__` or a callback.

        `Stop` is raised again a little later; what objects that are half made say after it is of no use.
        """
        nonlocal last
        if isinstance(lost.exc_value, Stop):
            last = -math.inf
            threading.Timer(0.01, _send_to_main_thread, [received.pop()]).start()
        elif not received:
            hook(lost)

    sys.unraisablehook = ignored
    yield received
    if not received:
        sys.unraisablehook = hook
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


def _send_to_main_thread(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # it wakes up from waiting, too
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)


def _run(arguments: list[str], debug: bool, received: Sequence[int] = ()) -> int:
    """Run a command and return its exit code; `received` are the signals that arrived (`_signals_stop`)."""
    try:
        return _called(arguments, debug)
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(received)
    except Exception:  # no net: without a signal it is raised on.  Code in C that a signal interrupts turns
        if not received:  # `Stop` into errors of its own (ImportError, RuntimeError of HDF5, ...)
            raise
        return _interrupted(received)


def _interrupted(received: Sequence[int]) -> int:
    from mvtri.locks import release_all

    if received:  # the process ends now
        with contextlib.suppress(ValueError):
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)
        release_all()
    number = received[0] if received else signal.SIGINT
    how = "interrupted" if number == signal.SIGINT else f"stopped by {signal.Signals(number).name}"
    click.echo(f"mvtri: {how}; no incomplete files were left behind", err=True)
    return 128 + number


def _called(arguments: list[str], debug: bool) -> int:
    state: dict[str, Any] = {}
    try:
        code = mvtri.main(args=arguments, prog_name="mvtri", standalone_mode=False, obj=state)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        hint = f" (see: {error.ctx.command_path} --help)" if error.ctx else ""
        return _fail(f"{error.format_message().rstrip('.')}{hint}", debug)
    except (MvtriError, click.ClickException) as error:
        return _fail(str(error), debug)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        remedy = REMEDIES.get(error.errno or 0, "")
        return _fail(f"{name}{error.strerror or error}{remedy and f'; {remedy}'}", debug)
    except MemoryError:
        return _fail("there is not enough memory; choose fewer frames with --frames, or fewer cameras", debug)
    return code if isinstance(code, int) else 0


def _fail(sentence: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    click.echo(f"mvtri: {printable(' '.join(sentence.split()))}", err=True)
    return FAILED


def _log_to_stderr(level: int) -> None:
    logger = logging.getLogger("mvtri")
    logger.setLevel(level)
    logger.propagate = False
    logger.handlers = [_StderrHandler()]


class _StderrHandler(logging.Handler):
    """One line per message, above a progress bar if one is running."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        text = printable(record.getMessage())
        stderr().print(f"mvtri: {level}{text}", markup=False, highlight=False, soft_wrap=True)
