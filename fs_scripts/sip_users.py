"""The directory document of a SIP user, from the users in SQL. `directory.xml_fetch` asks."""

import re
from xml.sax.saxutils import quoteattr

import structlog

from fs_scripts import process
from fs_scripts.switch import SwitchEvent
from fs_scripts.users import SipUser

log = structlog.get_logger(__name__)

NOT_FOUND = (
    '<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>'
)
# `${…}` is for the switch: it puts in whom the dial string names, and where that phone is registered.
DIAL_STRING = (
    "{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}"
    "${sofia_contact(*/${dialed_user}@${dialed_domain})}"
)
# Characters that no XML 1.0 document may hold, not even escaped.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def look_up(params: SwitchEvent) -> str:
    """The document for one look-up of the switch, or NOT_FOUND. Never raises; always text that is UTF-8."""
    try:
        process.use_switch_log()
        if params.getHeader("section") not in ("directory", None):
            return NOT_FOUND
        extension = params.getHeader("user")
        user = process.users().find(extension) if extension else None
        domain = params.getHeader("domain") or params.getHeader("key_value") or process.settings().domain
        return NOT_FOUND if user is None else document(user, domain)
    except Exception:  # the phone is told "no such user"; the log says what it was
        log.exception("directory_failed")
        return NOT_FOUND


def document(user: SipUser, domain: str) -> str:
    """The directory document of one user."""
    extension, name = attribute(user.extension), attribute(user.name)
    return f"""<document type="freeswitch/xml">
  <section name="directory">
    <domain name={attribute(domain)}>
      <groups>
        <group name="agents">
          <users>
            <user id={extension}>
              <params>
                <param name="a1-hash" value={attribute(user.a1_hash)}/>
                <param name="dial-string" value={attribute(DIAL_STRING)}/>
              </params>
              <variables>
                <variable name="user_context" value="default"/>
                <variable name="effective_caller_id_number" value={extension}/>
                <variable name="effective_caller_id_name" value={name}/>
              </variables>
            </user>
          </users>
        </group>
      </groups>
    </domain>
  </section>
</document>"""


def attribute(text: str) -> str:
    """The text as a quoted XML attribute."""
    return str(quoteattr(NOT_XML.sub("", text)))
