"""Mail that leaves us: an outbox in the record, one process that sends it, and the administrator's pages about both.

Whoever has something to write calls `sql.outbox.put` in the transaction of the cause; `python -m uckefu.postman` sends it.
"""

from admin.mail.views import blueprint

__all__ = ["blueprint"]
