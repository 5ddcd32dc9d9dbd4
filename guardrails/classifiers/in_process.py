"""Reading without a process: for commands that judge a few texts and end."""

from collections.abc import Sequence

from guardrails.classifiers.classifier import ClassifierAway, Span
from guardrails.classifiers.rampart import NAME, Rampart


class InProcess:
    """Reads where it is called, and holds up whoever calls. The model is loaded when it is first asked for."""

    def __init__(self) -> None:
        self._rampart: Rampart | None = None

    async def read(self, classifier: str, texts: Sequence[str], seconds: float) -> list[list[Span]]:
        """Raises ClassifierAway where there is no such classifier, ModuleNotFoundError where its packages are not."""
        if classifier != NAME:
            raise ClassifierAway("unknown")
        self._rampart = self._rampart or Rampart()
        return [self._found(self._rampart, text) for text in texts]

    def _found(self, rampart: Rampart, text: str) -> list[Span]:
        windows = rampart.windows(text)
        readings = [rampart.read([text[window.start : window.end]])[0] for window in windows]
        return rampart.conclude(text, windows, readings)
