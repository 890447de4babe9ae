"""How often somebody who has not seen the prompts names what was painted.

    python -m tessera_training.evaluate.naming sheets --bundle ../models/emoji --set main --out runs/naming/main
    python -m tessera_training.evaluate.naming score --key runs/naming/main/key.json --answers answers.txt
    python -m tessera_training.evaluate.naming check --data runs/data      # no prompt is a caption of the training data

`sheets` paints every prompt by the bot's command line and writes sheets/*.png for the viewer and key.json for `score`.
The viewer writes a line "12: a fox" for each number. An answer may list alternatives ("a fox / a dog"): the first one
counts.
"""

import argparse
import json
from pathlib import Path

from tessera_training.common.arguments import parser_of
from tessera_training.evaluate.blind_sheets import shuffled, write_sheets
from tessera_training.evaluate.cli_painter import CliPainter
from tessera_training.evaluate.naming_prompts import SETS, captions_among, load_prompts, prompts_of
from tessera_training.evaluate.naming_score import metrics, read_answers, report, score


def sheets(args: argparse.Namespace) -> None:
    out = args.out or Path("runs/naming") / args.set
    order = shuffled([p.prompt for p in load_prompts(args.set)], args.shuffle)[: args.limit]
    painter = CliPainter(args.bundle, out / "pictures", args.seed, args.count)
    for sheet in write_sheets(order, painter.paint_all(order), out):
        print(sheet)
    print(out / "key.json")


def evaluate(args: argparse.Namespace) -> None:
    key = json.loads(args.key.read_text(encoding="utf-8"))
    judged = score(prompts_of(key), read_answers(args.answers))
    text = report(judged)
    print(text, end="")
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    if args.metrics:
        args.metrics.parent.mkdir(parents=True, exist_ok=True)
        args.metrics.write_text(json.dumps(metrics(judged), indent=1, ensure_ascii=False), encoding="utf-8")


def check(args: argparse.Namespace) -> None:
    concepts = json.loads((args.data / "concepts.json").read_text(encoding="utf-8"))
    prompts = load_prompts("main")
    found = captions_among(prompts, concepts)
    print("\n".join(found) or f"None of the {len(prompts)} prompts is a caption of the training data.")
    if found:
        raise SystemExit(1)


def main(arguments: list[str] | None = None) -> None:
    parser = parser_of(__doc__)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("sheets", help="paint the prompts and draw numbered sheets of them")
    command.add_argument("--bundle", type=Path, default=Path("../models/emoji"))
    command.add_argument("--set", choices=SETS, default="main")
    command.add_argument("--out", type=Path, help="runs/naming/SET if not given")
    command.add_argument("--seed", type=int, default=1, help="of the painting")
    command.add_argument("--count", type=int, default=2, help="pictures a prompt")
    command.add_argument("--shuffle", type=int, default=1, help="seed of the order")
    command.add_argument("--limit", type=int, help="only the first of the shuffled prompts")
    command.set_defaults(run=sheets)

    command = commands.add_parser("score", help="judge a viewer's answers")
    command.add_argument("--answers", type=Path, required=True, help='JSON object, or lines like "12: a fox"')
    command.add_argument("--key", type=Path, required=True)
    command.add_argument("--out", type=Path, help="writes the report there too")
    command.add_argument(
        "--metrics", type=Path, help="writes the shares there for the model card: runs/evaluation/naming.json"
    )
    command.set_defaults(run=evaluate)

    command = commands.add_parser("check", help="compare the prompts with the training data's labels")
    command.add_argument("--data", type=Path, default=Path("runs/data"))
    command.set_defaults(run=check)

    args = parser.parse_args(arguments)
    args.run(args)


if __name__ == "__main__":
    main()
