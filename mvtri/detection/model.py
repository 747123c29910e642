"""What pose networks and box networks share: a card, a network that fits it, and a batch of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from mvtri.detection.crops import scratch
from mvtri.errors import InputError
from mvtri.models.image_card import ImageCard
from mvtri.models.load import check_threads
from mvtri.models.onnx_errors import last_cause
from mvtri.models.onnx_session import Network, choose_device


class ImageModel:
    """A network that takes a batch of images, with its card.

    Attributes
    ----------
    card : ImageCard
    network : Network
    threads : int
        How many threads the networks may keep busy in all.
    sha256 : str
        Of the network's file.

    Raises
    ------
    InputError
        If the network does not fit its card.
    """

    def __init__(self, card: ImageCard, network: Network, threads: int, sha256: str):
        self.card = card
        self.network = network
        self.threads = threads
        self.sha256 = sha256
        self.check_outputs(self._answer_to_blank())

    @classmethod
    def load(cls, card: ImageCard, path: Path, sha256: str, device: str, threads: int | None) -> Self:
        """Load the model of a card and its file (`find_model`); errors as for `mvtri.load_detector`."""
        threads = check_threads(threads)
        network = Network(path, choose_device(device), card.output.names, card.input.batch)
        return cls(card, network, threads, sha256)

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``."""
        return self.network.device

    @property
    def kernels(self) -> list[Any]:
        """The kernels that take long to compile, so that they can be compiled ahead."""
        return []

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The shape of one input without the batch axis."""
        width, height = self.card.input.size
        return (3, height, width) if self.card.input.layout == "nchw" else (height, width, 3)

    def check_outputs(self, outputs: Sequence[np.ndarray]) -> None:
        """Raise InputError if `outputs`, those for a blank image, are not what the card says."""
        raise NotImplementedError

    def not_fitting(self, reason: str) -> InputError:
        """Return the error for a network that does not fit its card."""
        return InputError(f"{self.network.path} does not fit the card {self.card.name}: {reason}")

    def batch_memory(self, count: int) -> np.ndarray:
        """Return an array (count, ...) of any content for the network's input, the thread's own.

        The next call from the same thread returns the same memory.
        """
        return scratch(self.card.kind, (count, *self.image_shape), self.network.dtype)

    def _answer_to_blank(self) -> list[np.ndarray]:
        """Run a blank image through the network and return the outputs, so that problems show now."""
        network, (width, height) = self.network, self.card.input.size
        fits = len(network.shape) == 4 and all(
            found in (None, wanted) for found, wanted in zip(network.shape[1:], self.image_shape)
        )
        if not fits:
            raise self.not_fitting(
                f"its input is {list(network.shape)}; expected a batch of images of {width} x {height} "
                f"pixels in {self.card.input.layout} layout"
            )
        try:
            return network.run(np.zeros((network.shape[0] or 1, *self.image_shape), network.dtype))
        except Exception as error:  # ONNX Runtime's own, without a common base
            raise self.not_fitting(f"it fails on a blank image ({last_cause(error)})") from error
