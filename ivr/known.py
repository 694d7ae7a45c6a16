"""What a flow may name: queues, agents, extensions, trunks, skills, other flows. For `check`, never on the call path.

`load_known` reads the record; what can't be read is None, and is not checked. The switch serves flows with
`Known()`: it has no database at hand, and a queue that was deleted is the ACD's to answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uckefu.centre import Centre
from uckefu.settings import Settings

if TYPE_CHECKING:
    from ivr.flow_file import Flow

Names = frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """Names that exist; None where that is not known.

    Args:
        flows: every flow that can be served, by name.
        own_language: of the centre, for texts without a language.
    """

    queues: Names = None
    extensions: Names = None
    trunks: Names = None
    skills: Names = None
    hosts: Names = None
    flows: "Mapping[str, Flow] | None" = None
    own_language: str = ""
    voices: Names = None


def load_known(settings: Settings, centre: Centre, flows: "Mapping[str, Flow] | None" = None) -> Known:
    """What this instance has."""
    queues, extensions = _from_record(settings)
    return Known(
        queues=queues,
        extensions=extensions,
        trunks=frozenset(centre.trunks),
        hosts=frozenset(centre.http_hosts),
        flows=flows,
        own_language=centre.language,
    )


def _from_record(settings: Settings) -> tuple[Names, Names]:
    from sqlalchemy import make_url, select  # not when a switch loads flows
    from sqlalchemy.exc import SQLAlchemyError

    from sql.engine import make_engine
    from sql.models import Agent, Queue

    url = make_url(settings.sql_url)
    if url.get_backend_name() == "sqlite" and not (settings.instance / "uckefu.db").exists():
        return None, None  # looking would make an empty one
    engine = make_engine(settings.sql_url)
    try:
        with engine.connect() as connection:
            queues = frozenset(connection.scalars(select(Queue.name)))
            extensions = frozenset(connection.scalars(select(Agent.extension)))
    except SQLAlchemyError:
        return None, None
    finally:
        engine.dispose()
    return queues, extensions
