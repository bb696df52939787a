"""A request's body becomes the columns that a store takes."""

from __future__ import annotations

import time
from typing import Final

from tora import validation, wire
from tora.errors import ToraValidationError
from tora.server.metrics.base import PointBatch
from tora.server.refusals import Refusal

__all__ = ["BatchReader"]

KNOWN_NAMES: Final = 100_000


class BatchReader:
    """Reads batches; remembers the names that it has found valid, since they come again and again."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def read(self, experiment: str, body: bytes, shape: type[wire.Batch | wire.OlderBatch]) -> PointBatch:
        """Return a body's points, all valid.

        Raises:
            ToraValidationError: Something in it is wrong; the message names the field.
            Refusal: It holds too many metrics.
        """
        batch = wire.decode(body, shape)
        field = "logs" if isinstance(batch, wire.Batch) else "metrics"
        logs = batch.logs if isinstance(batch, wire.Batch) else batch.metrics
        writer, first_seq = _writer(batch)
        if len(logs) > validation.MAX_BATCH_METRICS:
            raise Refusal(
                413,
                "too_large",
                f"{field} may hold at most {validation.MAX_BATCH_METRICS:,} metrics, got {len(logs):,}; send parts",
            )
        if first_seq is not None and first_seq + len(logs) - 1 > validation.MAX_STEP:
            raise ToraValidationError(f"firstSeq must leave room for {len(logs):,} metrics below 2^63, got {first_seq}")
        now = time.time()
        return PointBatch(
            experiment=experiment,
            writer=writer,
            first_seq=first_seq,
            names=self._checked_names(field, logs),
            values=[float(log.value) for log in logs],
            steps=[log.step for log in logs],
            times=_times(field, logs, now),
            metadata=_metadata(field, logs),
            msg_ids=_msg_ids(field, logs),
            received=now,
        )

    def _checked_names(self, field: str, logs: list[wire.MetricRecord]) -> list[str]:
        names = [log.name for log in logs]
        for new in set(names) - self._names:
            try:
                validation.metric_name(new)
            except ToraValidationError as exc:
                raise ToraValidationError(f"{field}[{names.index(new)}].name: {exc}") from exc
            if len(self._names) < KNOWN_NAMES:
                self._names.add(new)
        return names


def _writer(batch: wire.Batch | wire.OlderBatch) -> tuple[str | None, int | None]:
    if isinstance(batch, wire.OlderBatch) or (batch.writer is None and batch.first_seq is None):
        return None, None
    if batch.writer is None or batch.first_seq is None:
        missing = "writer" if batch.writer is None else "firstSeq"
        raise ToraValidationError(f"writer and firstSeq must come together, {missing} is missing")
    return validation.writer_id(batch.writer), batch.first_seq


def _times(field: str, logs: list[wire.MetricRecord], now: float) -> list[float]:
    times = [now if log.time is None else log.time for log in logs]
    if times and not (min(times) >= 0 and max(times) <= validation.LATEST):
        place = next(place for place, value in enumerate(times) if not 0 <= value <= validation.LATEST)
        raise ToraValidationError(
            f"{field}[{place}].time must be Unix seconds from 0 to {validation.LATEST:.0f}, got {times[place]}"
        )
    return times


def _metadata(field: str, logs: list[wire.MetricRecord]) -> list[str | None]:
    return [
        None
        if log.metadata is None
        else validation.json_bytes(f"{field}[{place}].metadata", log.metadata, validation.MAX_METADATA_BYTES).decode()
        for place, log in enumerate(logs)
    ]


def _msg_ids(field: str, logs: list[wire.MetricRecord]) -> list[str | None]:
    ids = [log.msg_id for log in logs]
    for place, found in enumerate(ids):
        if found is not None and not found.isprintable():
            raise ToraValidationError(f"{field}[{place}].msg_id must be printable, got {validation.shown(found)}")
    return ids
