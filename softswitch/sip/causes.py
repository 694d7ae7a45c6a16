"""Hangup causes: names, Q.850 numbers, and the SIP codes they travel as.

`channel` and `sip.dialog` read them. The tables are FreeSWITCH's switch_types.h, `sofia_glue_sip_cause_to_freeswitch`
and `hangup_cause_to_sip` (RFC 4497 section 8.4.1).
"""

import re

NUMBERS: dict[str, int] = {
    "NONE": 0,
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "CHANNEL_UNACCEPTABLE": 6,
    "CALL_AWARDED_DELIVERED": 7,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTION_TO_NEW_DESTINATION": 23,
    "EXCHANGE_ROUTING_ERROR": 25,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "RESPONSE_TO_STATUS_ENQUIRY": 30,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "ACCESS_INFO_DISCARDED": 43,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "PRE_EMPTED": 45,
    "FACILITY_NOT_SUBSCRIBED": 50,
    "OUTGOING_CALL_BARRED": 52,
    "INCOMING_CALL_BARRED": 54,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "SERVICE_UNAVAILABLE": 63,
    "BEARERCAPABILITY_NOTIMPL": 65,
    "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69,
    "SERVICE_NOT_IMPLEMENTED": 79,
    "INVALID_CALL_REFERENCE": 81,
    "INCOMPATIBLE_DESTINATION": 88,
    "INVALID_MSG_UNSPECIFIED": 95,
    "MANDATORY_IE_MISSING": 96,
    "MESSAGE_TYPE_NONEXIST": 97,
    "WRONG_MESSAGE": 98,
    "IE_NONEXIST": 99,
    "INVALID_IE_CONTENTS": 100,
    "WRONG_CALL_STATE": 101,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
    "SUCCESS": 142,
    "ORIGINATOR_CANCEL": 487,
    "CRASH": 700,
    "SYSTEM_SHUTDOWN": 701,
    "LOSE_RACE": 702,
    "MANAGER_REQUEST": 703,
    "BLIND_TRANSFER": 800,
    "ATTENDED_TRANSFER": 801,
    "ALLOTTED_TIMEOUT": 802,
    "USER_CHALLENGE": 803,
    "MEDIA_TIMEOUT": 804,
    "PICKED_OFF": 805,
    "USER_NOT_REGISTERED": 806,
    "PROGRESS_TIMEOUT": 807,
    "INVALID_GATEWAY": 808,
    "GATEWAY_DOWN": 809,
    "INVALID_URL": 810,
    "INVALID_PROFILE": 811,
    "NO_PICKUP": 812,
    "SRTP_READ_ERROR": 813,
    "BOWOUT": 814,
    "BUSY_EVERYWHERE": 815,
    "DECLINE": 816,
    "DOES_NOT_EXIST_ANYWHERE": 817,
    "NOT_ACCEPTABLE": 818,
    "UNWANTED": 819,
}
NAMES = {number: name for name, number in NUMBERS.items()}

_FROM_SIP: dict[str, tuple[int, ...]] = {
    "NORMAL_CLEARING": (200,),
    "CALL_REJECTED": (401, 402, 403, 407, 603, 608),
    "UNWANTED": (607,),
    "UNALLOCATED_NUMBER": (404,),
    "NO_ROUTE_DESTINATION": (485, 604),
    "RECOVERY_ON_TIMER_EXPIRE": (408, 504),
    "NUMBER_CHANGED": (410,),
    "INTERWORKING": (413, 414, 416, 420, 421, 423, 505, 513),
    "NO_USER_RESPONSE": (480,),
    "NORMAL_TEMPORARY_FAILURE": (400, 481, 500, 503),
    "USER_BUSY": (486, 600),
    "INVALID_NUMBER_FORMAT": (484,),
    "INCOMPATIBLE_DESTINATION": (488, 606),
    "NETWORK_OUT_OF_ORDER": (502,),
    "SERVICE_UNAVAILABLE": (405,),
    "SERVICE_NOT_IMPLEMENTED": (406, 415, 501),
    "EXCHANGE_ROUTING_ERROR": (482, 483),
    "ORIGINATOR_CANCEL": (487,),
}
_BY_CODE = {code: name for name, codes in _FROM_SIP.items() for code in codes}

_TO_SIP: dict[int, tuple[str, ...]] = {
    404: ("UNALLOCATED_NUMBER", "NO_ROUTE_TRANSIT_NET", "NO_ROUTE_DESTINATION"),
    486: ("USER_BUSY",),
    408: ("NO_USER_RESPONSE",),
    480: ("NO_ANSWER", "SUBSCRIBER_ABSENT", "NORMAL_UNSPECIFIED"),
    603: ("CALL_REJECTED", "DECLINE"),
    410: ("NUMBER_CHANGED", "REDIRECTION_TO_NEW_DESTINATION"),
    502: ("DESTINATION_OUT_OF_ORDER", "INVALID_PROFILE"),
    484: ("INVALID_NUMBER_FORMAT", "INVALID_URL", "INVALID_GATEWAY"),
    501: ("FACILITY_REJECTED", "FACILITY_NOT_IMPLEMENTED", "SERVICE_NOT_IMPLEMENTED"),
    503: (
        "REQUESTED_CHAN_UNAVAIL",
        "NORMAL_CIRCUIT_CONGESTION",
        "NETWORK_OUT_OF_ORDER",
        "NORMAL_TEMPORARY_FAILURE",
        "SWITCH_CONGESTION",
        "GATEWAY_DOWN",
        "BEARERCAPABILITY_NOTAVAIL",
    ),
    403: ("OUTGOING_CALL_BARRED", "INCOMING_CALL_BARRED", "BEARERCAPABILITY_NOTAUTH"),
    488: ("BEARERCAPABILITY_NOTIMPL", "INCOMPATIBLE_DESTINATION"),
    504: ("RECOVERY_ON_TIMER_EXPIRE",),
    487: ("ORIGINATOR_CANCEL",),
    483: ("EXCHANGE_ROUTING_ERROR",),
    600: ("BUSY_EVERYWHERE",),
    604: ("DOES_NOT_EXIST_ANYWHERE",),
    606: ("NOT_ACCEPTABLE",),
    607: ("UNWANTED",),
}
_CODES = {name: code for code, names in _TO_SIP.items() for name in names}

PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    410: "Gone",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
}


def from_sip(status: int) -> str:
    """The cause of a failed leg whose final response was `status`."""
    return _BY_CODE.get(status, "NORMAL_UNSPECIFIED")


def to_sip(cause: str) -> int:
    """The final response with which an unanswered inbound leg is refused for `cause`."""
    return _CODES.get(cause, 480)


def q850(cause: str) -> int:
    """The number in the variable `hangup_cause_q850`: causes of FreeSWITCH's own become 16 (normal clearing)."""
    number = NUMBERS.get(cause, 31)
    return number if number < 128 else 16


def reason(cause: str) -> tuple[str, int, str]:
    """Protocol, number and text of the Reason header (RFC 3326) of a BYE, CANCEL or final response."""
    if cause in ("LOSE_RACE", "PICKED_OFF"):
        return "SIP", 200, "Call completed elsewhere"
    number = NUMBERS.get(cause, 31)
    return ("Q.850" if number < 128 else "SIP"), number, cause


def parse(text: str, default: str = "NORMAL_CLEARING") -> str:
    """A cause from what an application or command was given: a name in any case, or a number."""
    name = text.strip().upper()
    if re.fullmatch(r"\d+", name):
        return NAMES.get(int(name), default)
    return name if name in NUMBERS else default
