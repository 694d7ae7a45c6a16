"""The whole story of a call or a conversation: what `python -m acd why` prints, for who may see the interaction.

`calls.views` and `supervision.views` put it under the details; both have checked who asks.
"""

from datetime import datetime, timedelta

import redis
from flask import current_app

from acd.contract import AcdClient, story
from admin import directory
from admin.i18n import language
from admin.numbers import seen
from admin.shell import centre
from uckefu.times import now, to_us

LONGEST_WRAP_UP = timedelta(hours=1)
SLACK = timedelta(seconds=5)  # the switch's clock and ours


def told(interaction_id: str, began_at: datetime | None, ended_at: datetime | None) -> list[str]:
    """The sentences, oldest first, numbers masked; none when Redis is away or has them no longer."""
    here, agents = centre(), directory.names(language())["agents"]
    names = {int(agent_id): agent["name"] for agent_id, agent in agents.items()}
    begin_us = to_us((began_at or now()) - SLACK)
    end_us = to_us((ended_at or now()) + LONGEST_WRAP_UP)
    client = AcdClient(current_app.extensions["uckefu"]["bus"])
    try:
        events = client.events_of(interaction_id, begin_us, end_us)
    except redis.RedisError:
        return []
    return story(
        events, interaction_id, language(), here.timezone, names, lambda number: seen(number, here.region)
    )
