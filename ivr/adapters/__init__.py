"""What implements `ivr.session.Session`: the switch's own session, and a terminal."""
