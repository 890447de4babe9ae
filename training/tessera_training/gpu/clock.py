"""Time decides: every stage ends when its share is used up, annealed whatever the machine's speed."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

import torch


class Log:
    """log.csv: seconds since the start, stage, step, quantity, value."""

    def __init__(self, path: Path, started: float):
        self.path, self.started = path, started
        with path.open("w", newline="") as file:
            csv.writer(file).writerow(["seconds", "stage", "step", "quantity", "value"])

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def write(self, stage: str, step: int, **values: float) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows(
                [round(self.seconds, 1), stage, step, name, f"{float(value):.5g}"] for name, value in values.items()
            )
        shown = ", ".join(f"{name} {float(value):.4g}" for name, value in values.items())
        print(f"{self.seconds:6.1f} s  {stage} {step}: {shown}", flush=True)


class Stage:
    """while stage.go_on(): ...one step...; stage.note(loss=loss)

    `write` is called every `write_every_s`, so that a run that is stopped leaves what it has.
    """

    def __init__(
        self, name: str, end: float, log: Log, write: Callable[[], None], write_every_s: float, log_every_s: float
    ):
        """`end`: seconds since the start of the run"""
        self.name, self.log, self.write = name, log, write
        self.begun, self.end = log.seconds, max(end, log.seconds + 1e-3)
        self.write_every_s, self.log_every_s = write_every_s, log_every_s
        self.step, self._wrote, self._logged = 0, self.begun, self.begun
        self._sums: dict[str, torch.Tensor | float] = {}
        self._count = 0

    @property
    def progress(self) -> float:
        return min(1.0, (self.log.seconds - self.begun) / (self.end - self.begun))

    def go_on(self) -> bool:
        """At least one step is made, however late it is: what was never trained could not be written."""
        now = self.log.seconds
        if self.step and now - self._wrote > self.write_every_s:
            self.write()
            self._wrote = self.log.seconds
        if self.step and now >= self.end:
            return False
        self.step += 1
        return True

    def note(self, **values: torch.Tensor | float) -> None:
        """Averages over `log_every_s`; tensors stay where they are until then, so that nothing waits for the device."""
        for name, value in values.items():
            value = value.detach() if isinstance(value, torch.Tensor) else value
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if self.log.seconds - self._logged > self.log_every_s:
            self.log.write(
                self.name, self.step, **{name: float(total) / self._count for name, total in self._sums.items()}
            )
            self._sums, self._count, self._logged = {}, 0, self.log.seconds
