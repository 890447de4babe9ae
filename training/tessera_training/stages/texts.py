"""The teacher's vectors for the texts that the text tower learns to place as its teacher does (data/texts.py).

    python -m tessera_training.stages.texts --data runs/data

Writes texts.json (strings) and texts.f16.npy (unit vectors [N, 384]). No held-out concept's words are read.
"""

import json
import random
from pathlib import Path

import numpy as np

from tessera_training.common.arguments import parser_of
from tessera_training.data.texts import texts_of
from tessera_training.models.load import embed_texts
from tessera_training.models.text import TEACHER_LENGTH, load_teacher, load_tokenizer


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/data"))
    parser.add_argument("--wordnet", type=int, default=60_000)
    args = parser.parse_args()
    concepts = json.loads((args.data / "concepts.json").read_text())
    held_out = {r["concept"] for r in json.loads((args.data / "records.json").read_text()) if r["split"] == "concept"}
    pairs = texts_of(concepts, held_out, args.wordnet, random.Random(0))
    sources = sorted({source for _, source in pairs})
    made = embed_texts(load_teacher(), load_tokenizer(TEACHER_LENGTH), sources).astype(np.float16)
    vectors = dict(zip(sources, made))
    (args.data / "texts.json").write_text(json.dumps([text for text, _ in pairs], ensure_ascii=False))
    np.save(args.data / "texts.f16.npy", np.stack([vectors[source] for _, source in pairs]))
    print(f"{len(pairs)} texts, {len(sources)} read by the teacher")


if __name__ == "__main__":
    main()
