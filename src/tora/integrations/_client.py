"""The client of an integration: the caller's, or one of its own that it opens when needed and ends.

Telemetry never kills training: once the experiment is there, nothing that a framework reports raises.
What cannot be logged is left out, with one warning a name through the logger ``tora``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, Final, TypedDict

from tora import Tora
from tora.errors import ToraError, ToraValidationError
from tora.integrations import _values
from tora.types import Hyperparams, Metadata, Tags

__all__ = ["ExperimentOptions", "Recorder"]

_logger = logging.getLogger("tora")
_OF_LOADING: Final = ("max_buffer_len", "api_key", "server_url")


class ExperimentOptions(TypedDict, total=False):
    """The arguments of `Tora.create_experiment` besides the name; an integration takes the same."""

    workspace_id: str | None
    description: str | None
    hyperparams: Hyperparams | None
    tags: Tags | None
    max_buffer_len: int
    api_key: str | None
    server_url: str | None


class Recorder:
    """What an integration logs through.

    With ``client`` that one is used, and its maker ends it. Otherwise an experiment is created at
    `begin`, or at the first `log`, and `end` ends it. What comes after that begins another, unless
    `resume` is called first.
    """

    def __init__(
        self,
        name: str | None,
        client: Tora | None,
        options: ExperimentOptions,
        *,
        default_name: str,
        last: str | None = None,
        announce: bool = True,
    ) -> None:
        """Keep what the integration was given.

        Args:
            name: The name of the experiment to create; None takes that of `begin`, else the default.
            client: The caller's client, in place of a name and options.
            options: Further arguments of `Tora.create_experiment`.
            default_name: The experiment's name where nobody names it.
            last: The id of an experiment that `resume` is to go on with.
            announce: Whether to print the experiment's address.

        Raises:
            TypeError: There is no such option.
            ToraValidationError: There are both a client and arguments for an experiment.
        """
        if unknown := sorted(options.keys() - ExperimentOptions.__annotations__.keys()):
            known = ", ".join(ExperimentOptions.__annotations__)
            raise TypeError(f"unexpected keyword argument {unknown[0]!r}; besides name and client there are {known}")
        given = [*(["name"] if name is not None else []), *options]
        if client is not None and given:
            raise ToraValidationError(
                f"give either client=, whose experiment is there already, or what a new one takes; got client= and "
                f"{', '.join(given)}"
            )
        self._name = name
        self._options = options
        self._default_name = default_name
        self._client = client
        self._is_own = client is None
        self._last = last
        self._announce = announce
        self._warned: set[str] = set()

    @property
    def client(self) -> Tora:
        """The client; the experiment is created where there is none yet. Raises as `begin`."""
        return self.begin()

    @property
    def experiment_id(self) -> str | None:
        """The id of the experiment, or of the one that was ended last; None where there was none yet."""
        return self._last if self._client is None else self._client.experiment_id

    @property
    def is_open(self) -> bool:
        """Whether there is an experiment to log to."""
        return self._client is not None

    def begin(self, name: str | None = None, hyperparams: Mapping[Any, Any] | None = None) -> Tora:
        """Return the client; where there is none yet, create the experiment and print its address.

        Args:
            name: Its name, where the caller gave none.
            hyperparams: What the framework knows; those that the caller gave come first. They are made
                valid rather than refused. An experiment that is there gets them too, if the server takes them.

        Raises:
            ToraError: It cannot be created; as `Tora.create_experiment`.
        """
        if self._client is not None:
            self._add(self._client, hyperparams or {})
            return self._client
        given = self._options.get("hyperparams") or {}
        options: dict[str, Any] = dict(self._options)
        # Named twice: the first fixes the order, in which those given come first, the second whose value holds.
        options["hyperparams"] = _values.hyperparams({**given, **(hyperparams or {}), **given})
        found = None if name is None else _values.metric_name(name)
        self._client = Tora.create_experiment(self._name or found or self._default_name, **options)
        self._last = self._client.experiment_id
        if self._announce:
            _announce(self._client.url)
        return self._client

    def _add(self, client: Tora, hyperparams: Mapping[Any, Any]) -> None:
        given = self._options.get("hyperparams") or {}
        found = _values.hyperparams({name: value for name, value in hyperparams.items() if name not in given})
        if not found:
            return
        try:
            client.update_hyperparams(found)
        except ToraError as exc:
            self.warn("hyperparams", f"hyperparameters are left out: {exc}")

    def resume(self) -> None:
        """Go on with the experiment of its own that was ended last; without one, or with a client, do nothing."""
        if self._client is not None or self._last is None:
            return
        options: dict[str, Any] = {name: value for name, value in self._options.items() if name in _OF_LOADING}
        try:
            self._client = Tora.load_experiment(self._last, **options)
        except ToraError as exc:
            self.warn("resume", f"experiment {self._last} cannot go on: {exc}")

    def log(self, metrics: Mapping[Any, object], step: object = None, metadata: Metadata | None = None) -> None:
        """Log all that are numbers, with one step; never raises once the experiment is there.

        Args:
            metrics: Values by name; arrays and tensors of one element are numbers.
            step: 0 to 2^63 - 1; metrics with a step that is none are logged without.
            metadata: A JSON object of at most 10,000 bytes, for each of them; left out where it is none.
        """
        try:
            client = self.begin()
        except ToraError as exc:
            if self._last is None:
                raise
            self.warn("closed", f"metrics are left out: {exc}")
            return
        valid: dict[str, float] = {}
        for name, value in metrics.items():
            figure = _values.number(value)
            if figure is None:
                what = type(value).__name__
                self.warn(str(name), f"metric {name!r} is left out: a value of type {what} is not one number")
            else:
                valid[_values.metric_name(name)] = figure
        self._log(client, valid, step, metadata)

    def _log(self, client: Tora, metrics: Mapping[str, float], step: Any, metadata: Metadata | None) -> None:
        try:
            _log(client, metrics, step, metadata)
        except ToraError as exc:
            if not isinstance(exc, ToraValidationError) or (step is None and metadata is None):
                self.warn("closed", f"metrics are left out: {exc}")
                return
            # Metadata goes first: a point without its step stands at the wrong place.
            kept, left = (None, "step") if metadata is None else (step, "metadata")
            self.warn(left, f"metrics are logged without their {left}: {exc}")
            self._log(client, metrics, kept, None)

    def warn(self, about: str, text: str) -> None:
        """Warn through the logger ``tora``, once for each thing that a warning is about."""
        if about not in self._warned:
            self._warned.add(about)
            _logger.warning("Tora: %s.", text)

    def end(self, error: BaseException | None = None) -> None:
        """Send what waits and end an experiment of its own; a caller's client is left open.

        Args:
            error: Why it failed; None for a run that is finished.
        """
        if not self._is_own or self._client is None:
            return
        client, self._client = self._client, None
        if error is None:
            client.shutdown()
        else:
            client.__exit__(type(error), error, error.__traceback__)


def _log(client: Tora, metrics: Mapping[str, float], step: Any, metadata: Metadata | None) -> None:
    if metadata is None:
        client.log_metrics(metrics, step)
        return
    for name, value in metrics.items():
        client.log(name, value, step, metadata)


def _announce(url: str) -> None:
    # As tora.setup() does: without the address nobody finds the page.
    silent = os.environ.get("TORA_SILENT", "").strip().lower() in {"1", "true", "yes", "on"}
    if url and not silent:
        print(f"Tora experiment: {url}", flush=True)  # noqa: T201  # as documented of setup()
