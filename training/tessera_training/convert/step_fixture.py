"""The pipeline's test fixture of a step whose cache may have any length: a tiny published prior with random weights.

    python -m tessera_training.convert.step_fixture        # writes ../test/fixtures/free-cache-step/

More positions than two grains of the cache (64), and a last grain that is cut short; 8-bit weights, as at full size.
"""

import json

from tessera_training.common.paths import ROOT
from tessera_training.convert.gpt import Gpt, GptConfig
from tessera_training.convert.random_checkpoints import awaken
from tessera_training.convert.step_graph import build_step
from tessera_training.export.bundle import describe_prior

CONFIG = GptConfig(codebook_size=64, layers=2, width=64, heads=2, positions=144, embedding_width=16)
FOLDER = ROOT / "test" / "fixtures" / "free-cache-step"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    model = build_step(awaken(Gpt(CONFIG), 1), 8, 32)
    (FOLDER / "step.onnx").write_bytes(model.SerializeToString(deterministic=True))
    prior = describe_prior(CONFIG, 1) | {"condition": ""}
    (FOLDER / "prior.json").write_text(json.dumps(prior, indent=2) + "\n")


if __name__ == "__main__":
    main()
