"""SIP users for the switch: `xml_fetch` is asked at each REGISTER and INVITE, and for `user/<extension>` in a dial string.

Bound in `dialplan/autoload_configs/python.conf.xml`. The reply is a whole FreeSWITCH XML document; an unknown user
gets FreeSWITCH's own "not found", and the switch refuses the phone. The switch reloads this file at every look-up;
the work is in `sip_users`, which it keeps.
"""

from fs_scripts.sip_users import look_up
from fs_scripts.switch import SwitchEvent


def xml_fetch(params: SwitchEvent, args: str) -> str:
    """Answer one look-up. Anything but a `str` in UTF-8 would end FreeSWITCH itself (1.10.12: strdup of NULL).

    Args:
        params: `section`, `user`, `domain` and more, see FreeSWITCH's mod_xml_curl page.
        args: unused.
    """
    return look_up(params)
