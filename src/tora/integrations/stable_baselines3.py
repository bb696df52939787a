"""Stable-Baselines3: an output format of its logger, beside or in place of its own."""

from __future__ import annotations

from typing import Any, Unpack

from tora import Tora
from tora.integrations._client import ExperimentOptions, Recorder

try:
    from stable_baselines3.common.logger import HParam, KVWriter
except ImportError as exc:
    exc.add_note("tora.integrations.stable_baselines3 needs Stable-Baselines3: pip install stable-baselines3")
    raise

__all__ = ["ToraOutputFormat"]


class ToraOutputFormat(KVWriter):
    """Log what Stable-Baselines3 records, at its count of timesteps.

    All that are numbers are logged; what is recorded with ``exclude="tora"`` is not. What an `HParam` holds
    becomes the experiment's hyperparameters.

    Examples:
        >>> logger = stable_baselines3.common.logger.configure(None, ["stdout"])
        >>> logger.output_formats.append(ToraOutputFormat("ppo"))
        >>> model.set_logger(logger)
    """

    def __init__(
        self, name: str | None = None, *, client: Tora | None = None, **options: Unpack[ExperimentOptions]
    ) -> None:
        """Keep what is given; the experiment is created with the first dump.

        Args:
            name: The experiment's name, ``stable-baselines3`` by itself.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        self._recorder = Recorder(name, client, options, default_name="stable-baselines3")

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Log what was recorded since the last dump.

        Args:
            key_values: Values by name.
            key_excluded: The output formats that each is not for.
            step: The number of timesteps.
        """
        wanted = {key: value for key, value in key_values.items() if "tora" not in key_excluded.get(key, ())}
        for value in wanted.values():
            if isinstance(value, HParam):
                self._recorder.begin(hyperparams=value.hparam_dict)
        metrics = {key: value for key, value in wanted.items() if not isinstance(value, HParam)}
        self._recorder.log(metrics, step)

    def close(self) -> None:
        """Send what waits and end an experiment of its own; ``Logger.close`` calls this."""
        self._recorder.end()
