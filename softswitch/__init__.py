"""The built-in switch: SIP, media, dialplan and event socket for a machine without FreeSWITCH."""
