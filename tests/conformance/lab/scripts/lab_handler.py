"""Run by extension 7005 and 7006 of `contexts.xml` through mod_python3, or the built-in switch's own."""


def handler(session, args):
    """Answer, play, leave variables that say what was seen; or fail when told so."""
    if args == "fail":
        raise RuntimeError("a script with a defect")
    before = session.getVariable("destination_number"), session.answered(), session.ready()
    session.answer()
    session.execute("playback", "tone_stream://%(600,0,400)")
    milliseconds = 20_000 if args == "long" else 1000
    played = session.streamFile(f"tone_stream://%({milliseconds},0,1500)")
    session.setVariable("lab_args", args)
    session.setVariable("lab_seen", repr((*before, session.answered(), played)))
    session.setVariable("lab_unset", repr(session.getVariable("no_such_variable")))
    session.setVariable("lab_result", "done")


def fsapi(session, stream, env, args):
    """`python lab_handler words` on the console: say them back."""
    stream.write(f"heard {args} from {session}")
