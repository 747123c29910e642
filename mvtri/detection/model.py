"""What pose networks and box networks have in common: a card, a network that fits it, and its input."""

import numpy as np

from mvtri.detection.crops import scratch
from mvtri.errors import InputError
from mvtri.models.card import Card
from mvtri.models.session import Network


class Model:
    """A network with its card.

    Attributes
    ----------
    card : Card
    network : Network
    threads : int
        How many threads the networks may keep busy in all.
    sha256 : str
        Of the network's file.
    """

    def __init__(self, card: Card, network: Network, threads: int, sha256: str):
        self.card = card
        self.network = network
        self.threads = threads
        self.sha256 = sha256

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda"``."""
        return self.network.device

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The shape of one input without the batch axis."""
        width, height = self.card.input.size
        return (3, height, width) if self.card.input.layout == "nchw" else (height, width, 3)

    def input_memory(self, count: int) -> np.ndarray:
        """Return memory (count, ...) for a batch, of any content; the same for the next call of a thread."""
        return scratch(self.card.kind, (count, *self.image_shape), self.network.dtype)

    def answer_to_blank(self) -> list[np.ndarray]:
        """Run a blank image through the network and return the outputs, so that what does not fit shows now.

        Raises
        ------
        InputError
            If the input's shape is not the card's, or the network fails.
        """
        card, network, (width, height) = self.card, self.network, self.card.input.size
        if any(have not in (None, want) for have, want in zip(network.shape[1:], self.image_shape)):
            raise InputError(
                f"{network.path} does not fit the card {card.name}: its input is {list(network.shape)}, and "
                f"the card says {width} x {height} pixels in {card.input.layout} layout"
            )
        try:
            return network.run(np.zeros((network.shape[0] or 1, *self.image_shape), network.dtype))
        except Exception as error:  # ONNX Runtime's own, without a common base
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{network.path} does not fit the card {card.name}: it fails on a blank image ({reason})"
            ) from error
