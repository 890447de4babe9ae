"""Sizes and shares of the run: what is trained, how large, in what batches, and when each stage ends."""

from dataclasses import dataclass, field, replace

from tessera_training.data.compose import Mix
from tessera_training.models.clip import ClipConfig
from tessera_training.models.prior import PriorConfig
from tessera_training.models.vqgan import VqganConfig


@dataclass(frozen=True)
class Plan:
    vqgan: VqganConfig = VqganConfig(codes_per_position=4, codebook_size=1024, code_width=32, residual=True)
    clip: ClipConfig = field(default_factory=ClipConfig)
    prior: PriorConfig = PriorConfig(codes_per_position=4, width=512, heads=8, layers=9)  # 36 M parameters
    mix: Mix = Mix(moved=0.4)
    # Ends as shares of the seconds in all. Of 570: VQGAN until 214 (from about 15), CLIP until 308, prior until 545.
    ends: tuple[float, float, float] = (0.375, 0.54, 0.956)
    rows: int = 64  # recipes in a chunk of the stream
    vqgan_batch: int = 128
    clip_batch: int = 2048
    prior_batch: int = 512
    perceptual: float = 0.3
    adversarial: float = 0.01
    adversary_from: float = 0.67  # share of the VQGAN's time
    average: float = 0.999  # of the prior's weights, a step
    gap_rows: int = 8192  # pairs that the gap between words and pictures is measured on
    probe: int = 972  # held-out pictures that are measured
    write_every_s: float = 60
    log_every_s: float = 5


# The same networks in batches that two cores get through: a rehearsal, whose pictures are mush.
REHEARSAL = replace(
    Plan(), rows=8, vqgan_batch=4, clip_batch=16, prior_batch=8, gap_rows=32, probe=12, write_every_s=15, log_every_s=1
)
