"""The picture that people judge by: every demo prompt, painted as members get it, nothing picked out.

python -m tessera_training.evaluate.demo --bundle ../models/emoji --out ../docs/images/demo.png
"""

from pathlib import Path

import numpy as np

from tessera_training.common.arguments import parser_of
from tessera_training.evaluate.cli_painter import CliPainter, read_picture
from tessera_training.evaluate.prompts import demo_prompts
from tessera_training.evaluate.sheets import labelled_sheet


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    parser.add_argument("--pictures", type=Path, default=Path("runs/demo"), help="where the painted files are kept")
    parser.add_argument("--out", type=Path, default=Path("../docs/images/demo.png"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    prompts = demo_prompts()
    painted = CliPainter(args.bundle, args.pictures, args.seed, 4).paint_all(prompts)
    labelled_sheet(
        [(prompt, np.stack([read_picture(file) for file in files])) for prompt, files in zip(prompts, painted)],
        args.out,
        3,
    )
    print(args.out)


if __name__ == "__main__":
    main()
