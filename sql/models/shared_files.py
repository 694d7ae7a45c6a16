"""What flows, prompts and contacts files a centre has, for its other servers (`ivr.spreading`)."""

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from sql.models.base import Base

Content = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


class SharedFile(Base):
    """A file below the instance folder; `digest` is "" for one that was removed."""

    __tablename__ = "shared_file"
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), default="")
    content: Mapped[bytes | None] = mapped_column(Content, deferred=True)
    at_us: Mapped[int] = mapped_column(BigInteger, default=0)
