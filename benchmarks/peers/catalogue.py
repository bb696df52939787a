"""Who is measured, with which settings, and what is known of why each costs what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import field, frozen

__all__ = ["COMMON", "PEERS", "TORA", "Peer"]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
TORA: Final = "tora"


@frozen
class Peer:
    """One row.

    Attributes:
        environment: The virtual environment that it runs in; two rows may share one.
        requirement: What pip installs there.
        adapter: The module in `adapters`.
        settings: How it is used, for those who judge whether that is fair.
        why: The reason, in words, why it may be ahead in a column; keys are those of `verdicts.COLUMNS`.
        with_server: Whether it talks to today's Tora server.
    """

    name: str
    environment: str
    requirement: str
    adapter: str
    settings: str
    why: dict[str, str] = field(factory=dict)
    with_server: bool = False

    @property
    def package(self) -> str:
        """Return the name of the module that is imported."""
        return TORA if Path(self.requirement).is_absolute() else self.requirement.partition("==")[0]

    @property
    def script(self) -> Path:
        """Return the adapter's file."""
        return Path(__file__).with_name("adapters") / f"{self.adapter}.py"


_QUEUE = "its log() leaves the metric in memory, where a kill loses it"
_NO_SERVER = "it has no server, so no HTTP and no second process stand between the call and the file"
_NO_DATABASE = "it needs no database but files or Python's SQLite; Tora brings DuckDB and SQLAlchemy for its server"
_CLIENT_ALONE = "it is a client alone; Tora's package brings the server, its databases and the dashboard"

PEERS: Final = (
    Peer(
        TORA,
        "tora-checkout",
        str(CHECKOUT),
        "with_tora",
        "nothing set: journal on, max_buffer_len 25, the local server, started before the first measurement (as it is "
        "for all but a user's first run) and sharing the machine",
        with_server=True,
    ),
    Peer(
        "wandb",
        "wandb",
        "wandb",
        "with_wandb",
        "mode=offline, console=off, x_disable_stats, x_disable_meta, disable_git; run.log({name: value}, step=step, "
        "commit=True): without commit each step waits for the next one",
        {"install": _NO_DATABASE, "rate": _NO_SERVER},
    ),
    Peer(
        "trackio",
        "trackio",
        "trackio",
        "with_trackio",
        "local SQLite (WAL), auto_log_cpu and auto_log_gpu off, no dashboard embedded, HF_HUB_OFFLINE",
        {
            "install": _NO_DATABASE,
            "log": _QUEUE,
            "rate": f"{_NO_SERVER}; a thread writes what has gathered in half a second as one transaction",
        },
    ),
    Peer(
        "mlflow",
        "mlflow",
        "mlflow",
        "with_mlflow",
        "the default store (sqlite:///mlflow.db); log_metric(name, value, step); telemetry off",
    ),
    Peer(
        "mlflow async",
        "mlflow",
        "mlflow",
        "with_mlflow_async",
        "the default store; log_metric(synchronous=False), flush_async_logging() before end_run(); telemetry off",
    ),
    Peer(
        "tensorboardX",
        "tensorboardx",
        "tensorboardX",
        "with_tensorboardx",
        "SummaryWriter with its defaults (queue of 10, flushed each 120 s); add_scalar",
        {
            "install": "numpy and protobuf are all that it needs",
            "log": _QUEUE,
            "rate": _NO_SERVER,
        },
    ),
    Peer(
        "aim",
        "aim",
        "aim",
        "with_aim",
        "local repository; system_tracking_interval=None, capture_terminal_logs=False; `aim storage reindex`, not "
        "timed, before what is stored is counted, as no `aim up` runs that would index",
        {"rate": _NO_SERVER},
    ),
    Peer(
        "goodseed",
        "goodseed",
        "goodseed",
        "with_goodseed",
        'storage="local" (SQLite), capture of output, tracebacks, hardware and git off; '
        "run[name].log(value, step=step)",
        {"install": "psutil is all that it needs", "import": "it imports little but sqlite3", "rate": _NO_SERVER},
    ),
    Peer(
        "tora 0.0.12",
        "tora-0.0.12",
        "tora==0.0.12",
        "with_tora_0_0_12",
        "the published client with its default max_buffer_len, against today's Tora server; metric(name, value, step)",
        {
            "install": _CLIENT_ALONE,
            "import": "it imports the standard library alone",
            "log": f"{_QUEUE}, and sends 25 at a time inside every 25th call, which the mean shows",
        },
        with_server=True,
    ),
)

COMMON: Final = {
    "every process": (
        "python -I in the peer's own environment, a fresh HOME and working directory, proxies that refuse all but "
        "127.0.0.1; the same script (drive.py) for all, one scalar a call with its step"
    ),
    "import": "the top module alone; what a peer imports later is in its init, or in its first calls",
    "log": "time.perf_counter_ns around each call, kept in a list made beforehand",
    "end to end": (
        "from before the first log() to after finish, or to the moment when the peer's own reader finds all, if later; "
        "medians of the rounds, in which the peers take turns; what init takes is told apart"
    ),
    "SIGKILL": (
        "5,000 a second, or as fast as it goes; the process kills itself when its last log() has returned; the lowest "
        "of the rounds"
    ),
    "disk": "no peer is told to sync to the disk more, or less, than it does by itself",
}
