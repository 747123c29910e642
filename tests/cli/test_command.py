"""The command as a person meets it: help, version, mistakes as one sentence, interruption."""

import errno
import os
import signal
import subprocess
import sys
import time

import click
import pytest
from places import ROOT

from mvtri.cli import command
from mvtri.cli.command import VERBS, Verbs, _run
from mvtri.errors import InputError


def run_process(*arguments: str) -> subprocess.CompletedProcess:
    code = "from mvtri.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_verb(flag, capsys):
    assert _run([flag], debug=False) == 0
    text = capsys.readouterr().out
    for verb, sentence in VERBS.items():
        assert verb in text
        assert sentence.split()[0] in text


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_can_be_imported_and_has_help(verb, capsys):
    assert _run([verb, "--help"], debug=False) == 0
    assert f"mvtri {verb}" in capsys.readouterr().out


def test_a_script_in_a_checkout_finds_the_parts_that_lie_beside_the_package():
    root = ROOT
    code = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in str(f).lower()];"
        f"sys.path = [{str(root)!r}] + [p for p in sys.path if p]; import mvtri; print(mvtri.__file__);"
        "import mvtri.calib, mvtri.cli; print(mvtri.human36m_cameras('S9').names)"
    )
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith(str(root))


def test_version(capsys):
    from mvtri import __version__

    assert _run(["--version"], debug=False) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["recontsruct"], ["reconstruct", "--no-such-option"], ["reconstruct", "--method", "magic"]]
)
def test_a_mistyped_command_is_one_sentence_and_exit_code_1(arguments, capsys):
    assert _run(arguments, debug=False) == 1
    error = capsys.readouterr().err
    assert error.startswith("mvtri: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error


def failing(monkeypatch, error):
    @click.command()
    def broken():
        raise error

    monkeypatch.setattr(Verbs, "get_command", lambda self, ctx, name: broken)


def test_an_mvtri_error_is_one_line_however_it_was_written(monkeypatch, capsys):
    failing(monkeypatch, InputError("three cameras found,\n   expected four"))
    assert _run(["reconstruct"], debug=False) == 1
    assert capsys.readouterr().err == "mvtri: three cameras found, expected four\n"


def test_debug_shows_the_traceback_and_the_sentence(monkeypatch, capsys):
    failing(monkeypatch, InputError("no such thing"))
    assert _run(["--debug", "reconstruct"], debug=True) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.endswith("mvtri: no such thing\n")


def test_an_error_of_the_operating_system_names_the_file(monkeypatch, capsys):
    failing(monkeypatch, PermissionError(13, "Permission denied", "somewhere/tracks.nc"))
    assert _run(["reconstruct"], debug=False) == 1
    assert capsys.readouterr().err == (
        "mvtri: somewhere/tracks.nc: Permission denied; check the permissions of that file and of its "
        "folder\n"
    )


def test_a_full_disk_and_too_little_memory_are_sentences(monkeypatch, capsys):
    failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "out/tracks.nc"))
    assert _run(["reconstruct"], debug=False) == 1
    assert "out/tracks.nc: No space left on device; make room on that disk" in capsys.readouterr().err
    failing(monkeypatch, MemoryError())
    assert _run(["reconstruct"], debug=False) == 1
    assert "there is not enough memory; choose fewer frames with --frames" in capsys.readouterr().err


def test_a_bug_is_not_dressed_up_as_a_users_mistake(monkeypatch):
    failing(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        _run(["reconstruct"], debug=False)


def test_interruption_says_so_and_exits_with_130(monkeypatch, capsys):
    failing(monkeypatch, KeyboardInterrupt())
    assert _run(["reconstruct"], debug=False) == 130
    assert "interrupted" in capsys.readouterr().err


SLOW = """
import sys, time
from mvtri.cli import command
def slow(arguments, debug):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        {cleanup}
        print("cleaned up", flush=True)
command._called = slow
command.main(["reconstruct"])
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
@pytest.mark.parametrize("cleanup", ["pass", "time.sleep(1.0)", "raise ImportError"])
def test_signals_clean_up_and_have_their_exit_codes(number, code, said, cleanup):
    """Also where a second signal arrives while the first one is obeyed, or C code changes the exception."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", SLOW.format(cleanup=cleanup)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also where nohup runs the tests
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        if "sleep" in cleanup:
            time.sleep(0.3)
            process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == ("" if "raise" in cleanup else "cleaned up\n")
    assert error == f"mvtri: {said}; no incomplete files were left behind\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_arrives_while_an_object_goes_stops_the_command(number):
    """Python ignores what is raised in `__del__`, so it is raised again."""
    begin = """
import time
class Slow:
    def __del__(self):
        print("going", flush=True)
        time.sleep(30)
"""
    code = SLOW.format(cleanup="pass").replace('print("ready", flush=True)', "Slow()")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", begin + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "going\n"
        time.sleep(0.1)
        process.send_signal(number)
        out, error = process.communicate(timeout=25)
    assert process.returncode == 128 + number
    assert out == "cleaned up\n"
    assert error.count("\n") == 1


def test_what_half_made_objects_say_after_a_signal_is_not_shown():
    begin = """
class HalfMade:
    def __del__(self):
        raise KeyError("no such file")
"""
    code = SLOW.format(cleanup="pass").replace("try:", "half = HalfMade()\n    try:")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", begin + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "mvtri: interrupted; no incomplete files were left behind\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_nothing_can_go_wrong_while_python_ends(number):
    """There, a thread in C++ code would abort the process (seen with decoders and networks)."""
    code = SLOW.format(cleanup="pass").replace('main(["reconstruct"])', "main()")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", "import atexit, os; atexit.register(os.abort)" + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert out == "cleaned up\n"
    assert error.endswith("no incomplete files were left behind\n")


def test_signals_that_somebody_ignores_stay_ignored():
    """As nohup does: the command goes on when its terminal closes."""
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + SLOW.format(cleanup="pass")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        process.kill()


def test_handlers_of_signals_are_left_as_they_were(monkeypatch):
    before = [signal.getsignal(number) for number in command.SIGNALS]
    monkeypatch.setattr(command, "_called", lambda *_: 0)
    with pytest.raises(SystemExit):
        command.main(["reconstruct"])
    assert [signal.getsignal(number) for number in command.SIGNALS] == before


def test_what_a_terminal_would_obey_is_shown_instead(monkeypatch, capsys):
    failing(monkeypatch, click.ClickException("no camera \x1b]0;owned\x07 caf\u00e9 \u202e"))
    assert _run(["reconstruct"], debug=False) == 1
    assert capsys.readouterr().err == "mvtri: no camera \\u001b]0;owned\\u0007 caf\u00e9 \\u202e\n"
    failing(monkeypatch, InputError("no camera \x1b]0;owned\x07 caf\u00e9 \u202e"))
    assert _run(["reconstruct"], debug=False) == 1
    assert capsys.readouterr().err == "mvtri: no camera ]0;owned caf\u00e9 \\u202e\n"


def test_debug_may_stand_behind_the_verb(monkeypatch):
    seen = []
    monkeypatch.setattr(command.mvtri, "main", lambda args, **_: seen.append(args))
    with pytest.raises(SystemExit):
        command.main(["reconstruct", "--debug"])
    assert seen == [["--debug", "reconstruct"]]


def test_as_a_process_the_exit_code_and_stderr_are_the_same():
    result = run_process("recontsruct")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("mvtri: ")
    assert "Traceback" not in result.stderr


def test_help_imports_no_heavy_library():
    code = (
        "import sys; from mvtri.cli.command import _run; _run(['--help'], False); "
        "heavy = ('numba', 'cv2', 'onnxruntime', 'xarray', 'plotly', 'scipy', 'rich'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("[]")


def test_the_help_names_the_detector_that_is_taken(capsys):
    from mvtri.detection import DEFAULT_DETECTOR
    from mvtri.models.card_files import built_in_cards

    assert _run(["reconstruct", "--help"], debug=False) == 0
    text = "".join(capsys.readouterr().out.split())  # lines may end after a hyphen
    assert f"bydefault{DEFAULT_DETECTOR}({built_in_cards()[DEFAULT_DETECTOR].licence})" in text


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_the_command_keeps_blas_from_waiting_in_many_threads(given, expected):
    """Said before NumPy is loaded, which reads it once; what the user says stands."""
    code = (
        "import sys; from mvtri.cli import command; command._run = lambda *a, **k: print('numpy' in "
        "sys.modules, __import__('os').environ['OPENBLAS_NUM_THREADS']) or 0; command.main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout.split()) == (0, ["False", expected]), done.stderr


def test_a_python_program_that_calls_the_command_keeps_its_settings(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with pytest.raises(SystemExit):
        command.main(["--version"])
    assert "OPENBLAS_NUM_THREADS" not in os.environ
