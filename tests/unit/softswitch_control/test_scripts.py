"""Entry scripts are run anew at every call, as mod_python3 does it, and sought anew when their file has changed."""

import os
import sys

from softswitch.session import load_script


def test_a_script_is_run_anew_each_time_and_a_changed_file_counts_at_once(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "entry_script_of_a_test.py"
    path.write_text("calls = []\nanswer = 1\n")
    for _ in range(4):
        module = load_script("entry_script_of_a_test")
        assert (module.calls, module.answer) == ([], 1)
        module.calls.append("kept by nobody")
    path.write_text("calls = []\nanswer = 22\n")
    os.utime(path, ns=(1, 2_000_000_000_000_000_000))
    assert load_script("entry_script_of_a_test").answer == 22
    assert load_script("entry_script_of_a_test").answer == 22
    del sys.modules["entry_script_of_a_test"]
