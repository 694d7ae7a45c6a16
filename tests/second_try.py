"""`python -m tests.second_try`: what .ci/run does after a red `make test`, at most once.

Tests with real phones, servers and a browser wait for sound and sockets; on a machine that stands still for seconds one
of 3,500 may fail for that alone. So at most MOST of those are tried once more, each file in a process of its own and
nothing beside it. A unit test, a lint error, a fourth failure or a second one stays red. What was tried twice is
printed: it is a race to be mended, in the test or in the product.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 3
REAL = ("tests/integration/", "tests/conformance/", "tests/e2e/")
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def may_be_tried(failed: list[str]) -> bool:
    """Whether these are few, and all of them tests of real processes."""
    return 0 < len(failed) <= MOST and all("::" in test and test.startswith(REAL) for test in failed)


def main() -> int:
    """Try them; 0 when all passed this time."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.is_file() else []
    if not may_be_tried(failed):
        return 1
    print("SECOND TRY, alone:", *failed, sep="\n  ", flush=True)
    files = dict.fromkeys(test.partition("::")[0] for test in failed)
    for file in files:
        tests = [test for test in failed if test.startswith(f"{file}::")]
        if code := subprocess.run([sys.executable, "-m", "pytest", *tests], check=False).returncode:
            return code
    print("PASSED ONLY AT THE SECOND TRY (a race to be mended):", *failed, sep="\n  ", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
