"""`python -m sql`: migrations and sample data from the command line, on the database of the settings.

upgrade [REVISION] · downgrade REVISION · current · check · revision MESSAGE · seed
"""

import argparse
import sys

from sql import migrate
from sql.engine import make_engine
from uckefu.settings import load_settings, make_secrets


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sql", description="Migrations and sample data.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("upgrade", help="bring the database to a version").add_argument(
        "to", nargs="?", default="head"
    )
    actions.add_parser("downgrade", help="take the database back to a version").add_argument("to")
    actions.add_parser("current", help="print the database's version")
    actions.add_parser("check", help="fail when models and database differ")
    actions.add_parser("revision", help="write a new version from the models").add_argument("message")
    actions.add_parser("seed", help="add the sample users, queues and contacts that are missing")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one action; returns the process's exit status."""
    given = _parser().parse_args(arguments)
    settings = load_settings()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = make_engine(settings.sql_url)
    if given.action == "upgrade":
        migrate.upgrade(engine, given.to)
    elif given.action == "downgrade":
        migrate.downgrade(engine, given.to)
    elif given.action == "current":
        print(migrate.current(engine) or "empty")
    elif given.action == "revision":
        migrate.make_revision(engine, given.message)
    elif given.action == "seed":
        from sql.seed import seed

        make_secrets(settings)
        seed(engine, settings)
    elif wrong := migrate.differences(engine):
        print("\n".join(map(str, wrong)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
