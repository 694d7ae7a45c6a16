"""`python fs_scripts.ping`, the first thing that the supervisor asks of a switch."""

from fs_scripts import ping


def test_python_is_up_and_every_flow_is_good(instance, stream):
    ping.fsapi("na", stream, None, "")
    assert stream.text == "+OK uckefu\n"


def test_a_flow_that_cannot_be_served_is_told(instance, stream):
    (instance / "centre.yml").write_text("flows: {default: main, '4002': night}\n")
    ping.fsapi("na", stream, None, "")
    assert stream.text == "-ERR no good version of flow `night`\n"
