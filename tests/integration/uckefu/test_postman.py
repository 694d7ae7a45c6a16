"""The process that sends mail, as `make run` starts it, against a real SMTP server."""

import os
import signal
import subprocess
import sys

from sqlalchemy.orm import Session

from admin.mail import account
from sql.engine import make_engine
from sql.models import Base, OutgoingMail
from sql.outbox import put
from tests.support.mail import MailServer
from tests.support.servers import redis_server
from tests.support.waiting import wait_until
from uckefu.settings import load_settings, make_secrets


def test_mail_waits_until_there_is_an_account_and_leaves_then(tmp_path):
    with redis_server() as bus_url, MailServer() as box:
        settings = load_settings(instance=tmp_path / "instance", redis_url=bus_url)
        make_secrets(settings)
        engine = make_engine(settings.sql_url)
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            put(session, "test", "lin@example.com", key="1", language="en", by="Admin")
            session.commit()
        environment = {**os.environ, "UCKEFU_INSTANCE": str(settings.instance), "UCKEFU_REDIS_URL": bus_url}
        process = subprocess.Popen([sys.executable, "-m", "uckefu.postman"], env=environment)
        try:
            assert box.mails == []
            account.store(
                settings, account.Account(host="127.0.0.1", port=box.port, tls="none", sender="a@example.com")
            )
            wait_until(lambda: len(box.mails) == 1, seconds=40)

            def is_noted() -> bool:
                with Session(engine) as session:
                    return session.query(OutgoingMail).one().state == "sent"

            wait_until(is_noted)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            engine.dispose()
