"""How long work reports what is done: one type for every function that takes `progress`."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as ``progress(stage, done, total)``.

stage : str
    What is being done, a word that a user understands: ``"detect"``, ``"associate"``, ``"triangulate"``,
    ``"measure"``, ``"fetch"``, ``"benchmark"``.  A call may run through several stages, one after the other.
done, total : int
    How much of the stage is done, and how much it is in all: views for ``"detect"``, bytes for ``"fetch"``,
    frames for the others.  `done` never decreases within a stage, and a stage that succeeds ends with `done`
    equal to `total`.

It is called in the thread of the function that was given it, and often: what takes long in it slows the work
down.  An exception that it raises, such as KeyboardInterrupt, ends the work.
"""


def no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing: the default wherever `progress` is None."""
