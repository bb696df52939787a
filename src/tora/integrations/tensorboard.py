"""A `SummaryWriter` for code that was written for TensorBoard: change the import, keep the calls.

    from tora.integrations.tensorboard import SummaryWriter

It needs neither TensorBoard nor PyTorch, and writes no event files.
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Unpack

from tora import Tora
from tora.errors import ToraError
from tora.integrations import _values
from tora.integrations._client import ExperimentOptions, Recorder
from tora.integrations._closing import Closing

__all__ = ["SummaryWriter"]

# Code for TensorBoard flushes often, to the disk. What was logged is in the journal anyway, so that a
# server that is away must not hold training up for long.
FLUSH_SECONDS: Final = 1.0

LEFT_OUT: Final = frozenset(
    f"add_{kind}"
    for kind in (
        "audio",
        "custom_scalars",
        "custom_scalars_marginchart",
        "custom_scalars_multilinechart",
        "embedding",
        "figure",
        "graph",
        "histogram",
        "histogram_raw",
        "image",
        "image_with_boxes",
        "images",
        "mesh",
        "onnx_graph",
        "pr_curve",
        "pr_curve_raw",
        "tensor",
        "text",
        "video",
    )
)
"""What `torch.utils.tensorboard.SummaryWriter` takes and Tora does not hold."""


class SummaryWriter(Closing):
    """As `torch.utils.tensorboard.SummaryWriter`, with Tora in place of event files.

    Scalars keep their tags, steps and values, in double precision; without a step they are drawn
    against their own count. What is no number is left out with one warning a tag, and images, histograms, graphs
    and the like with one warning a kind.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        name: str | None = None,
        client: Tora | None = None,
        **options: Unpack[ExperimentOptions],
    ) -> None:
        """Create the experiment, or take the caller's.

        Args:
            log_dir: The experiment's name where ``name`` gives none; no folder is made. The default is
                TensorBoard's, ``runs/`` with the time, the host and the comment.
            comment: The end of that default.
            purge_step: Not used; steps may come again, and nothing is removed.
            max_queue: Not used; see ``max_buffer_len``.
            flush_secs: Not used; metrics are sent after a second at the latest.
            filename_suffix: Not used.
            name: The experiment's name, 1 to 255 characters.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.

        Raises:
            ToraError: The experiment cannot be created; as `Tora.create_experiment`.
        """
        self.log_dir = os.fspath(log_dir) if log_dir else _default_dir(comment)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self._options = options
        self._name = name or _values.metric_name(self.log_dir.strip().rstrip("/\\"))
        self._is_own = client is None
        self._has_hparams = False
        self._recorder = Recorder(self._name if self._is_own else name, client, options, default_name=self._name)
        self._recorder.begin()

    def get_logdir(self) -> str:
        """Return the log_dir as it was given, or its default; there is no such folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: object,
        global_step: object = None,
        walltime: float | None = None,
        new_style: bool = False,  # noqa: FBT001, FBT002  # TensorBoard's signature
        double_precision: bool = False,  # noqa: FBT001, FBT002  # TensorBoard's signature
    ) -> None:
        """Log one number.

        Args:
            tag: The metric's name.
            scalar_value: A number, or an array or tensor of one element.
            global_step: Its step.
            walltime: Unix seconds; kept as ``walltime`` in the metric's metadata, beside the time of the call.
            new_style: Not used.
            double_precision: Not used; every value is kept as a double.
        """
        del new_style, double_precision
        self._log({tag: scalar_value}, _step(global_step), _at(walltime))

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, object],
        global_step: object = None,
        walltime: float | None = None,
    ) -> None:
        """Log several numbers, each as ``main_tag/tag``; otherwise as `add_scalar`."""
        metrics = {f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}
        self._log(metrics, _step(global_step), _at(walltime))

    def add_hparams(
        self,
        hparam_dict: Mapping[str, object],
        metric_dict: Mapping[str, object],
        hparam_domain_discrete: Mapping[str, object] | None = None,
        run_name: str | None = None,
        global_step: object = None,
    ) -> None:
        """Log hyperparameters and what they led to.

        The first become the hyperparameters of this experiment, where its metrics are. Others, and those with
        a ``run_name`` that is not this folder, make an experiment of their own as they make a run with
        TensorBoard: it is called ``NAME/run_name`` and finished at once. With a caller's client, or where it cannot
        be created, their metrics are logged here and carry them as metadata. It waits for the server.

        Args:
            hparam_dict: The hyperparameters by name.
            metric_dict: The metrics by name.
            hparam_domain_discrete: Not used.
            run_name: The end of that experiment's name; default the time.
            global_step: The metrics' step.
        """
        del hparam_domain_discrete
        step = _step(global_step)
        if not self._has_hparams and self._is_this_run(run_name):
            self._has_hparams = True
            self._recorder.begin(hyperparams=hparam_dict)
            self._log(metric_dict, step)
        elif (own := self._begin_run(f"{self._name}/{run_name or time.time()}", hparam_dict)) is not None:
            own.log(metric_dict, step)
            own.end()
        else:
            self._log(metric_dict, step, {"hparams": _values.hyperparams(hparam_dict)})

    def flush(self) -> None:
        """Send what waits, and wait at most a second for it; what was logged is safe without."""
        if self._recorder.is_open:
            self._recorder.client.flush(FLUSH_SECONDS)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return a call that does nothing for what TensorBoard takes and Tora does not hold."""
        if name not in LEFT_OUT:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return partial(self._leave_out, name)

    def _log(self, metrics: Mapping[str, object], step: object, metadata: Mapping[str, object] | None = None) -> None:
        self._recorder.resume()  # as with TensorBoard, a writer that was closed goes on with the same run
        self._recorder.log(metrics, step, metadata)

    def _is_this_run(self, run_name: str | None) -> bool:
        """Return whether a run name leads to this very folder, as `"."` and the folder's whole path do."""
        folder = Path(self.log_dir).resolve()
        return (folder / (run_name or "")).resolve() == folder

    def _begin_run(self, run: str, hyperparams: Mapping[str, object]) -> Recorder | None:
        if not self._is_own:
            return None
        options: ExperimentOptions = {
            **self._options,
            "hyperparams": {**(self._options.get("hyperparams") or {}), **hyperparams},
        }
        recorder = Recorder(_values.metric_name(run), None, options, default_name=self._name, announce=False)
        try:
            recorder.begin()
        except ToraError as exc:
            self._recorder.warn("hparams", f"hyperparameters get no experiment of their own: {exc}")
            return None
        return recorder

    def _leave_out(self, kind: str, *given: Any, **named: Any) -> None:
        del given, named
        self._recorder.warn(f"{kind}()", f"{kind}() does nothing: Tora holds numbers alone")


def _default_dir(comment: str) -> str:
    return f"runs/{time.strftime('%b%d_%H-%M-%S')}_{socket.gethostname()}{comment}"


def _step(given: object) -> object:
    """Return a step as TensorBoard takes it, floats cut to integers; what is none is left to the recorder."""
    if given is None or isinstance(given, int):
        return given
    figure = _values.number(given)
    return int(figure) if figure is not None and math.isfinite(figure) else given


def _at(walltime: float | None) -> dict[str, float] | None:
    return None if walltime is None else {"walltime": walltime}
