"""What every training stage shares: a run folder, atomic checkpoints, a CSV log, a progress bar."""

import csv
import os
import time
from pathlib import Path

import torch
from tqdm import tqdm


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_fast_bf16(device: torch.device) -> bool:
    """CUDA, and CPUs with bf16 units: measured on two Zen 5 cores,
    a training step of the prior takes 0.4 of the time."""
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cuda" or bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def autocast(device: torch.device):
    """bf16 where it is faster; weights, losses and optimisers stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device))


def save_atomically(payload: dict, path: Path) -> None:
    """Writes beside the target and renames: a run that is killed never leaves half a checkpoint."""
    temporary = path.with_suffix(".tmp")
    torch.save(payload, temporary)
    os.replace(temporary, path)


def load_checkpoint(path: Path) -> dict:
    """Tensors and plain values only: a checkpoint can never run code."""
    return torch.load(path, map_location="cpu", weights_only=True)


# A step that seems to take longer was paused (a laptop's lid, a benchmark that wanted the cores): not training time.
LONGEST_STEP_S = 60


class Run:
    """One stage's run: `state` is everything that has to survive a restart.

    while run.go_on():          # until the minutes or the steps are used up, across restarts
        ...one step...
        run.log(loss=loss)      # averaged over `log_every` steps, into log.csv and the progress bar
    """

    def __init__(
        self,
        folder: Path,
        state: dict,
        config: dict,
        minutes: float,
        max_steps: int,
        log_every: int = 20,
        save_every_s: float = 180,
    ):
        self.folder, self.state, self.config = folder, state, config
        self.max_seconds, self.max_steps = minutes * 60, max_steps
        self.log_every, self.save_every_s = log_every, save_every_s
        self.step, self.seconds = 0, 0.0
        self._sums, self._count = {}, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "checkpoint.pt"
        if self.path.exists():
            self._restore()
        self._last = self._saved = time.monotonic()
        self.bar = tqdm(
            total=max_steps if max_steps < 10**9 else None, initial=self.step, desc=folder.name, mininterval=10
        )

    def _restore(self) -> None:
        saved = load_checkpoint(self.path)
        for name, part in self.state.items():
            if name in saved["state"]:  # weights that come from a bundle have no optimiser (restore.py)
                part.load_state_dict(saved["state"][name])
        self.step, self.seconds = saved["step"], saved["seconds"]

    @property
    def progress(self) -> float:
        """0 to 1: whichever of time and steps is further along; schedules hang on this."""
        return min(1.0, max(self.seconds / self.max_seconds, self.step / self.max_steps))

    def go_on(self) -> bool:
        now = time.monotonic()
        self.seconds += min(now - self._last, LONGEST_STEP_S)
        self._last = now
        if now - self._saved > self.save_every_s:
            self.save()
        if self.progress >= 1.0:
            self.save()
            self.bar.close()
            return False
        self.step += 1
        self.bar.update()
        return True

    def save(self) -> None:
        self._saved = time.monotonic()
        payload = {
            "state": {n: p.state_dict() for n, p in self.state.items()},
            "config": self.config,
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(payload, self.path)

    def log(self, **values: float) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._count += 1
        if self._count < self.log_every:
            return
        means = {name: total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        self.record("log.csv", **means)
        self.bar.set_postfix({k: f"{v:.3f}" for k, v in means.items()})

    def record(self, name: str, **values: float) -> None:
        """Appends one row to a CSV of the run; the header is written with the first row."""
        path = self.folder / name
        is_new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["step", "seconds", *values])
            writer.writerow([self.step, round(self.seconds, 1), *(f"{v:.5g}" for v in values.values())])


def cosine_schedule(progress: float, warmup: float = 0.02, floor: float = 0.03) -> float:
    """Learning-rate factor: linear warm-up, then half a cosine down to `floor`."""
    import math

    if progress < warmup:
        return progress / warmup
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))
