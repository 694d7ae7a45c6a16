"""`lookup`: who calls (from the contact files), or what a business system answers to an HTTP request.

    contact: {type: lookup, source: contact, number: call.number, save: contact, found: a, not_found: b, failed: c}
    order:   {type: lookup, source: http, url: "https://crm.example/orders/{order}", answers: {state: data.state}, …}

Hosts must stand in the centre's `http_hosts`, which also has the headers with their tokens. All attempts together end
within `timeout_seconds`; a server that hangs, refuses or answers garbage is the way out `failed`. Answers have JSON;
`answers` says which part of it becomes which variable (`data.items.0.name`). There is no SQL here and never will be.
"""

import time
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from ivr import templates
from ivr.call import Call
from ivr.events import LookedUp
from ivr.expression import Expression, Value, parse
from ivr.nodes.base import FieldPath, Go, Names, Node, PromptList, Target, VariableName
from ivr.templates import Template
from ivr.web_request import LookupFailed, Request, host_of

CALLER = parse("call.number")
PATH_PATTERN = r"^[\w-]+(\.[\w-]+){0,9}$"
LONGEST_VALUE = 1000
OF_CONTACT: JsonDict = {"only_when": {"source": "contact"}}
OF_HTTP = Field(json_schema_extra={"only_when": {"source": "http"}})
"""The form shows such a field when it means something."""


class Lookup(Node):
    """Look something up."""

    type: Literal["lookup"]
    source: Literal["contact", "http"]
    number: Expression = Field(
        default_factory=lambda: CALLER, json_schema_extra={"default": "call.number", **OF_CONTACT}
    )
    """Whose contact."""
    save: VariableName = Field("contact", json_schema_extra={"format": "variable", **OF_CONTACT})
    """Gets the contact."""
    method: Annotated[Literal["GET", "POST"], OF_HTTP] = "GET"
    url: Annotated[Template, OF_HTTP] = ""
    headers: Annotated[dict[str, Template], OF_HTTP] = {}
    body: Annotated[dict[str, Expression], OF_HTTP] = {}  # sent as a JSON object
    answers: Annotated[
        dict[VariableName, Annotated[str, Field(pattern=PATH_PATTERN, max_length=200)]], OF_HTTP
    ] = {}
    timeout_seconds: Annotated[float, Field(ge=0.2, le=15), OF_HTTP] = 3
    retries: Annotated[int, Field(ge=0, le=5), OF_HTTP] = 1
    prompt: PromptList = []  # said first, e.g. "one moment please"
    found: Target | None = None
    not_found: Target | None = None  # as `failed` when left out
    failed: Target | None = None
    sample: ClassVar[str] = (
        "{type: lookup, source: http, number: call.number, save: contact, method: POST, "
        "url: 'https://crm.example/orders/{call.number}', headers: {X-Call: '{call.id}'}, body: {number: call.number}, "
        "answers: {state: order.state}, timeout_seconds: 2, retries: 1, prompt: one_moment, "
        "found: there, not_found: there, failed: there}"
    )
    also: ClassVar[tuple[str, ...]] = ("{type: lookup, source: contact, found: there, failed: there}",)

    @model_validator(mode="after")
    def _fits_its_source(self) -> Self:
        if self.source == "http" and not host_of(self.url.partition("{")[0]):
            raise PydanticCustomError(
                "no_url", "`url` needs http(s)://host/… with a host that is no variable"
            )
        if (
            self.source == "http"
            and "{" in self.url
            and "/" not in self.url.partition("{")[0].split("://", 1)[-1]
        ):
            raise PydanticCustomError("no_url", "`url` needs a `/` after the host, before the first variable")
        if self.method == "GET" and self.body:
            raise PydanticCustomError("get_body", "`body` goes with `method: POST`")
        return self

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        ways: dict[FieldPath, str | None] = {("found",): self.found, ("failed",): self.failed}
        return ways | ({("not_found",): self.not_found} if self.not_found is not None else {})

    def names(self) -> Names:
        return Names(hosts={("url",): host_of(self.url.partition("{")[0])} if self.source == "http" else {})

    def sets(self) -> Mapping[FieldPath, str]:
        if self.source == "contact":
            return {("save",): self.save}
        return {("answers", name): name for name in self.answers}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        return {("number",): self.number} | {("body", name): value for name, value in self.body.items()}

    def patterns(self) -> Mapping[FieldPath, str]:
        return {("url",): self.url} | {("headers", name): text for name, text in self.headers.items()}

    def run(self, call: Call) -> Go:
        call.play(self.prompt, barge_in=True)
        began = time.monotonic()
        try:
            result, reason = (self._contact(call) if self.source == "contact" else self._ask(call)), ""
        except (LookupFailed, OSError, ValueError) as error:
            result, reason = "failed", str(error)[:300]
        milliseconds = round((time.monotonic() - began) * 1000)
        call.record(LookedUp, result=result, milliseconds=milliseconds, reason=reason)
        if result == "not_found" and self.not_found is None:
            result = "failed"
        return Go((result,))

    def _contact(self, call: Call) -> str:
        number = templates.shown(call.value(self.number))
        contact = call.context.contacts.find(number, call.context.centre.region) if number else None
        call.set(self.save, dict(contact) if contact is not None else None)
        return "found" if contact is not None else "not_found"

    def _ask(self, call: Call) -> str:
        hosts = {name: host.headers for name, host in call.context.centre.http_hosts.items()}
        answer = call.context.http.ask(self._request(call), hosts, self.timeout_seconds, self.retries + 1)
        if answer.status == 404:
            return "not_found"
        if not 200 <= answer.status < 300:
            raise LookupFailed(f"status {answer.status}")
        values = {name: part_of(answer.data, path) for name, path in self.answers.items()}
        for name, value in values.items():
            call.set(name, value)
        return "not_found" if values and all(value is None for value in values.values()) else "found"

    def _request(self, call: Call) -> Request:
        return Request(
            self.method,
            templates.fill(self.url, call.value, in_url=True),
            {name: templates.fill(text, call.value) for name, text in self.headers.items()},
            {name: call.value(value) for name, value in self.body.items()} if self.method == "POST" else None,
        )


def part_of(data: Any, path: str) -> Value:
    """The value at `a.b.0.c` of an answer, None when there is none; a text is cut, lists and objects are not taken."""
    for step in path.split("."):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isascii() and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    if isinstance(data, str):
        return data[:LONGEST_VALUE]
    return data if isinstance(data, bool | int | float) else None


NODE = Lookup
