"""`hours`: is the centre open now? By the week, the centre's own days, and public holidays (`ivr.days`).

The office hours are the centre's (`instance/centre.yml`) unless the node has its own `weekly`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr import days
from ivr.call import Call
from ivr.events import HolidaysUnknown
from ivr.nodes.base import FieldPath, Go, Node, Target
from uckefu.centre import Opening


class Hours(Node):
    """Branch by the office hours."""

    type: Literal["hours"]
    weekly: list[Opening] | None = None
    holidays: Literal["centre", "CN", "none"] = "centre"
    open: Target | None = None
    closed: Target | None = None
    holiday: Target | None = None  # on a holiday or a closed day; as `closed` when left out
    sample: ClassVar[str] = (
        "{type: hours, weekly: [{days: [mon, tue], begin: '09:00', end: '18:00'}], holidays: CN, "
        "open: there, closed: there, holiday: there}"
    )

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {("open",): self.open, ("closed",): self.closed}
        return ways | ({("holiday",): self.holiday} if self.holiday is not None else {})

    def run(self, call: Call) -> Go:
        centre = call.context.centre
        if self.holidays != "centre":
            public = "CN" if self.holidays == "CN" else ""
            centre = centre.model_copy(update={"public_holidays": public})
        hours = centre.office_hours if self.weekly is None else self.weekly
        is_open, day = days.is_open(call.context.now(), centre, hours)
        if not day.known:
            call.record(HolidaysUnknown, year=call.context.local_now().year)
        if day.is_free and self.holiday is not None:
            return Go(("holiday",))
        return Go(("open",) if is_open else ("closed",))


NODE = Hours
