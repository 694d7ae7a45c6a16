"""The demo's options on the command line; `python -m uckefu demo` has the same and passes them on.

Nothing heavy is imported here: `make run` comes by without the demo's packages.
"""

import argparse

SEED = 1
CALLS_PER_MINUTE = 4.3  # one every 8 to 20 seconds


def positive(text: str) -> float:
    """A number above zero, for argparse."""
    value = float(text)
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError("between 0 and 600, e.g. 4.3")
    return value


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare `--seed` and `--calls-per-minute`."""
    parser.add_argument(
        "--seed", type=int, default=SEED, help="the same seed has the same callers and habits"
    )
    parser.add_argument("--calls-per-minute", type=positive, default=CALLS_PER_MINUTE, metavar="N")
