"""What a writer is among the others of a distributed run: its labels, as its process tells them.

Labels that are given with a handle come before ``TORA_LABELS``, and these before what is found: ``rank`` from
torchrun, MPI or SLURM, ``actor`` from Ray, and beside either of them ``node``, the name of the machine. A plain
single process has none.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from itertools import islice
from typing import Final

from tora import config
from tora._async.notices import logger
from tora._async.ray_actor import ray_actor
from tora.errors import ToraConfigurationError
from tora.validation import MAX_LABEL_VALUE, MAX_LABELS

__all__ = ["found", "of_this_process"]

_ANYBODY: Final = "RANK"
"""torchrun's variable, whose name says too little: it counts beside one of torchrun's others alone."""

# The rank's variable -> those that say how many there are, of which the first that is set counts. A launcher may be
# started by another one, whose ranks are then not those of the processes that log: the innermost comes first.
_LAUNCHERS: Final[Mapping[str, tuple[str, ...]]] = {
    _ANYBODY: ("WORLD_SIZE", "TORCHELASTIC_RUN_ID"),
    "OMPI_COMM_WORLD_RANK": ("OMPI_COMM_WORLD_SIZE",),
    "PMI_RANK": ("PMI_SIZE",),
    "SLURM_PROCID": ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"),
}


def found(environ: Mapping[str, str], host: str, actor: str | None = None) -> dict[str, str]:
    """Return the labels that an environment tells. Pure.

    Args:
        environ: The environment's variables.
        host: The machine's name.
        actor: The name of the Ray actor that the process is; None where it is none.
    """
    # An actor inherits what its node was started with, by SLURM for one; what Ray Train sets is the actor's own.
    launchers = _LAUNCHERS if actor is None else (_ANYBODY,)
    ranks = [environ[launcher] for launcher in launchers if _is_one_of_several(environ, launcher)]
    labels = {**({"rank": ranks[0]} if ranks else {}), **({"actor": actor[:MAX_LABEL_VALUE]} if actor else {})}
    return {**labels, "node": host[:MAX_LABEL_VALUE]} if labels and host else labels


def _is_one_of_several(environ: Mapping[str, str], launcher: str) -> bool:
    rank = environ.get(launcher, "")
    if not (rank.isascii() and rank.isdecimal() and len(rank) <= MAX_LABEL_VALUE):
        return False
    size = next((environ[name] for name in _LAUNCHERS[launcher] if name in environ), None)
    if size is None:
        return launcher != _ANYBODY and int(rank) > 0
    return size != "1"


def of_this_process(given: Mapping[str, str]) -> dict[str, str]:
    """Return all labels of a writer that begins now, in this process.

    Args:
        given: Those that came with its handle.
    """
    sources = (given, _configured(), found(os.environ, socket.gethostname(), ray_actor()))
    labels: dict[str, str] = {}
    for source in sources:
        labels = {**labels, **{name: value for name, value in source.items() if name not in labels}}
    return dict(islice(labels.items(), MAX_LABELS))


def _configured() -> Mapping[str, str]:
    try:
        return config.labels()
    except ToraConfigurationError as exc:  # whoever opened the experiment was told; here somebody logs
        logger.warning("Tora: labels are left out: %s", exc)
        return {}
