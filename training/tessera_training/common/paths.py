"""Where things lie in the repository, whatever the working folder is."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]  # where npx finds the bot
TRAINING = ROOT / "training"
RENDER = TRAINING / "render"  # its node_modules hold the art and the words
