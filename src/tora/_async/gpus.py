"""The machine's GPUs, by NVIDIA's management library where the extra ``gpu`` is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import frozen

from tora.forks import no_fork

__all__ = ["Gpus"]

WATT: Final = 1000.0  # milliwatts


@frozen
class Gpus:
    """What can be asked of the GPUs; there are none where the library or a driver is missing.

    Attributes:
        nvml: The module ``pynvml``; None where there is nothing to ask.
    """

    nvml: Any

    @classmethod
    def found(cls) -> Gpus:
        """Return the GPUs of this machine; this may take a second, and imports."""
        try:
            with no_fork:
                import pynvml
        except ImportError:
            return cls(None)
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError:  # no driver, or no device
            return cls(None)
        return cls(pynvml)

    def names(self) -> list[str]:
        """Return the name of each GPU."""
        return [_text(name) for handle in self._handles() if (name := self._ask("nvmlDeviceGetName", handle))]

    def readings(self) -> dict[str, float]:
        """Return what each GPU is doing: ``0.utilization`` and so on; what one does not tell is left out."""
        found: dict[str, float] = {}
        for number, handle in enumerate(self._handles()):
            use = self._ask("nvmlDeviceGetUtilizationRates", handle)
            memory = self._ask("nvmlDeviceGetMemoryInfo", handle)
            temperature = self._ask("nvmlDeviceGetTemperature", handle, getattr(self.nvml, "NVML_TEMPERATURE_GPU", 0))
            power = self._ask("nvmlDeviceGetPowerUsage", handle)
            readings = {
                "utilization": None if use is None else float(use.gpu),
                "memory_percent": None if memory is None or not memory.total else 100.0 * memory.used / memory.total,
                "temperature": None if temperature is None else float(temperature),
                "power_watts": None if power is None else power / WATT,
            }
            found |= {f"{number}.{name}": value for name, value in readings.items() if value is not None}
        return found

    def _handles(self) -> Iterator[Any]:
        for number in range(self._ask("nvmlDeviceGetCount") or 0):
            # A device that has fallen off the bus is asked nothing, and keeps its number.
            yield self._ask("nvmlDeviceGetHandleByIndex", number)

    def _ask(self, question: str, *arguments: Any) -> Any:
        """Return NVML's answer; None where it has none."""
        if self.nvml is None or None in arguments:
            return None
        ask: Callable[..., Any] = getattr(self.nvml, question)
        with contextlib.suppress(self.nvml.NVMLError):
            return ask(*arguments)
        return None


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
