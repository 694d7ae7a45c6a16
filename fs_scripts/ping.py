"""`python fs_scripts.ping` on the switch's console or event socket: is Python up, and are the flows good?

The supervisor calls it once after the switch has started, which also loads all that the first caller would wait for.
"""

from fs_scripts import cdr, directory, inbound, process  # loaded here so that the first caller need not wait
from fs_scripts.switch import SwitchEvent, SwitchStream
from ivr.flow_file import Flow
from ivr.library import NoFlow
from ivr.surroundings import warm_up

LOADED = (cdr, directory, inbound)


def fsapi(session: object, stream: SwitchStream, env: SwitchEvent | None, args: str) -> None:
    """Answer `+OK uckefu`, or `-ERR` and the flow that can't be served."""
    process.use_switch_log()
    try:
        centre = process.centre()
        flows: dict[str, Flow] = {}
        for name in sorted(set(centre.flows.values())):
            flow, others = process.flows(centre.languages).take(name)
            flows |= {name: flow, **others}
        warm_up(flows.values(), centre.region)
    except NoFlow as error:
        stream.write(f"-ERR {error}\n")
        return
    stream.write("+OK uckefu\n")
