"""`python -m uckefu`: run · demo · configure.

run        everything, in the foreground, until Ctrl-C
demo       the same, with simulated callers, agents and visitors (`make demo`)
configure  write the switch's configuration of this instance
"""

import argparse
import sys

from uckefu.configure import configure
from uckefu.demo.options import add_options
from uckefu.log import configure_logging
from uckefu.messages import say
from uckefu.plans import demo_plan
from uckefu.ports import PortUnusable
from uckefu.run import AlreadyRunning, DatabaseAway, run
from uckefu.settings import SettingRefused, load_settings, make_secrets
from uckefu.supervisor import StartFailed


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m uckefu", description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run")
    actions.add_parser("configure")
    add_options(actions.add_parser("demo"))
    options = parser.parse_args(arguments)
    configure_logging("uckefu", "WARNING")
    try:
        settings = load_settings()
        if options.action == "run":
            run(settings, tell)
        elif options.action == "demo":
            demo = demo_plan(settings, seed=options.seed, calls_per_minute=options.calls_per_minute)
            run(settings, tell, more=[demo], notice=say("demo_notice"))
        else:
            make_secrets(settings)
            tell(say("configured", folder=configure(settings)))
    except SettingRefused as error:
        return _refused(say("setting_refused", reason=error))
    except (PortUnusable, AlreadyRunning, DatabaseAway, StartFailed) as error:
        return _refused(str(error))
    return 0


def tell(text: str) -> None:
    """Say a line to the person at the terminal."""
    print(text, flush=True)


def _refused(text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
