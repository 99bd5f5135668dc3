"""The command line: ``refsort check | prove | certify | w1 | reproduce | ...``; each room brings its own command.

Exit codes: 0 success; 1 a check failed, none was run, or a training run met a number that is not finite; 2 wrong usage,
a missing or damaged file; 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import refsort
from refsort import prove
from refsort.bench import command as bench
from refsort.certify import command as certify
from refsort.experiments import EXPERIMENTS
from refsort.experiments.result import write_result
from refsort.nets import NonFiniteError
from refsort.oracle import command as check
from refsort.oracle.vectors import command as vectors
from refsort.transport import command as w1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` and return its exit code."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.command(args)
    except (FileNotFoundError, ValueError, TypeError) as error:  # what the errors of this package are
        if not hasattr(args, "experiment"):
            raise  # the other commands handle those of their users; one that comes here is a bug to be seen whole
        print(f"refsort: {error}", file=sys.stderr)
        return 2
    except NonFiniteError as error:
        print(f"refsort: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        hint = "; --resume goes on from the last checkpoint" if hasattr(args, "experiment") else ""
        print(f"refsort: interrupted{hint}", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="refsort", description=(refsort.__doc__ or "").split("\n\n")[0])
    parser.add_argument("--version", action="version", version=f"refsort {refsort.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    checking = commands.add_parser("check", help="judge an implementation against the exact definitions")
    check.add_arguments(checking)
    checking.set_defaults(command=check.run)

    proving = commands.add_parser("prove", help="verify the statements of proofs/, and sabotage them")
    prove.add_arguments(proving)
    proving.set_defaults(command=prove.run)

    certifying = commands.add_parser("certify", help="what a saved classifier guarantees, and what attacks leave of it")
    certify.add_arguments(certifying)
    certifying.set_defaults(command=certify.run)

    measuring = commands.add_parser("w1", help="the Wasserstein distance of two samples, between certified bounds")
    w1.add_arguments(measuring)
    measuring.set_defaults(command=w1.run)

    vectoring = commands.add_parser("vectors", help="golden vectors: export, verify, run")
    vectors.add_arguments(vectoring)
    vectoring.set_defaults(command=vectors.run)
    explaining = commands.add_parser("explain", help="why a golden vector exists")
    vectors.add_explain_arguments(explaining)
    explaining.set_defaults(command=vectors.explain)

    timing = commands.add_parser("bench", help="speed against PyTorch, and against the machine's limit")
    bench.add_arguments(timing)
    timing.set_defaults(command=bench.run)

    reproducing = commands.add_parser("reproduce", help="redo an experiment of the paper")
    experiments = reproducing.add_subparsers(required=True, metavar="EXPERIMENT")
    for name, experiment in EXPERIMENTS.items():
        parser_of_one = experiments.add_parser(name, help=experiment.SUMMARY, description=experiment.SUMMARY)
        experiment.add_arguments(parser_of_one)
        parser_of_one.add_argument("--seed", type=int, default=0, help="of all randomness (default: %(default)s)")
        parser_of_one.add_argument(
            "--out",
            type=Path,
            default=Path("runs") / name,
            help="where results and checkpoints go (default: %(default)s)",
        )
        parser_of_one.add_argument(
            "--resume", action="store_true", help="go on from the checkpoints in --out; without one, begin"
        )
        parser_of_one.set_defaults(command=_reproduce, experiment=name)
    return parser


def _reproduce(args: argparse.Namespace) -> int:
    experiment = EXPERIMENTS[args.experiment]
    result = {"experiment": args.experiment, **experiment.run(args, args.out)}
    path = args.out / "result.json"
    write_result(path, result)
    print(experiment.table(result))
    print(f"\nresult: {path}")
    return 0
