"""Who calls, what they do, how agents behave: every random choice of the demo, and no I/O.

`uckefu.demo.office` draws a `Visit` for each call and gives each agent a `Habits`. All of them come from one seeded
generator, so that a seed is a day that can be seen again.
"""

from dataclasses import dataclass
from random import Random

from sql.seed.samples import CONTACTS

MOBILE_PREFIXES = ("130", "133", "135", "138", "139", "150", "152", "158", "173", "176", "186", "189", "199")
AREA_CODES = (
    "010",
    "020",
    "021",
    "022",
    "023",
    "024",
    "025",
    "027",
    "028",
    "029",
    "0571",
    "0755",
    "0592",
    "0532",
)
MENU_KEYS, WRONG_KEYS = "120", "3456789"
CHINA = "+86"


def national(number: str) -> str:
    """A number in E.164 as a Chinese gateway sends it."""
    if not number.startswith(CHINA):
        return "00" + number.removeprefix("+")
    rest = number.removeprefix(CHINA)
    return rest if rest.startswith("1") and len(rest) == 11 else "0" + rest


KNOWN_NUMBERS = tuple(national(number) for _name, _company, _vip, numbers in CONTACTS for number in numbers)


def a_number(rng: Random) -> str:
    """Whose call it is: a third are contacts, the others mobile or landline numbers of nobody in particular."""
    if rng.random() < 0.35:
        return rng.choice(KNOWN_NUMBERS)
    if rng.random() < 0.75:
        return rng.choice(MOBILE_PREFIXES) + f"{rng.randrange(10**8):08d}"
    return rng.choice(AREA_CODES) + f"{rng.randrange(2 * 10**7, 9 * 10**7):08d}"


def some_keys(rng: Random) -> str:
    """What is keyed at the menu: mostly one right key, now and then a wrong one before it, seldom nothing right."""
    chance = rng.random()
    if chance < 0.06:
        return ""
    if chance < 0.12:
        return rng.choice(WRONG_KEYS) + rng.choice(WRONG_KEYS)
    right = rng.choices(MENU_KEYS, weights=(4, 5, 2))[0]
    return right if chance < 0.85 else rng.choice(WRONG_KEYS) + right


@dataclass(frozen=True)
class Visit:
    """One call from the caller's side; `pauses_seconds` lie before each key."""

    number: str
    keys: str
    pauses_seconds: tuple[float, ...]
    patience_seconds: float
    talk_seconds: float
    agent_ends: bool
    voice: int


VOICES = 4


def a_visit(rng: Random) -> Visit:
    """Draw one."""
    keys = some_keys(rng)
    hurried = rng.random() < 0.15
    return Visit(
        number=a_number(rng),
        keys=keys,
        pauses_seconds=tuple(rng.uniform(5, 9) for _ in keys),
        patience_seconds=rng.uniform(8, 20) if hurried else rng.uniform(40, 120),
        talk_seconds=rng.triangular(10, 60, 15),
        agent_ends=rng.random() < 0.3,
        voice=rng.randrange(VOICES),
    )


@dataclass(frozen=True)
class Chat:
    """One web visitor's side of a conversation; no lines: only looks round. `stars` 0: does not rate."""

    lines: tuple[str, ...]
    patience_seconds: float
    stars: int


def a_chat(rng: Random) -> Chat:
    """Draw one."""
    lines = rng.choice(QUESTIONS) if rng.random() < 0.6 else ()
    return Chat(lines, rng.uniform(60, 180), rng.choice((0, 3, 4, 5, 5, 5)))


QUESTIONS = (
    ("你好，请问我的订单什么时候发货？", "订单号是 20261108-3321", "好的，谢谢"),
    ("AX6 路由器支持 5G 频段吗", "那有现货吗？"),
    ("发票抬头填错了，可以改吗？", "改成上海明远贸易有限公司", "麻烦了，谢谢"),
    ("套餐可以月中变更吗",),
    ("设备指示灯一直红色闪烁", "重启过了，还是一样", "可以，明天上午在家"),
)
REPLIES = (
    "您好，很高兴为您服务，我帮您看一下。",
    "请稍等，正在为您查询。",
    "可以的，已经为您登记。",
    "明白了，稍后会有同事与您联系。",
    "不客气，祝您生活愉快。",
)


def pause_seconds(rng: Random, calls_per_minute: float) -> float:
    """The time until the next caller dials."""
    return 60 / calls_per_minute * rng.uniform(0.6, 1.4)


class Habits:
    """How one agent behaves; each has a generator of its own, so that one's luck does not change the other's."""

    def __init__(self, rng: Random, *, haste: float = 1.0) -> None:
        self.rng, self.haste = rng, haste

    def misses(self) -> bool:
        """Whether this offer is left ringing."""
        return self.rng.random() < 0.07

    def answer_seconds(self) -> float:
        """How long the phone rings before it is taken."""
        return self.rng.triangular(1, 7, 2) / self.haste

    def wrap_up_seconds(self) -> float:
        """How long the note takes."""
        return self.rng.uniform(4, 12) / self.haste

    def break_seconds(self) -> float:
        """How long the break after a call is; 0 for none, which is the rule."""
        return self.rng.uniform(15, 40) if self.rng.random() < 0.07 else 0.0

    def back_seconds(self) -> float:
        """How long it takes to notice that a call was missed."""
        return self.rng.uniform(5, 15) / self.haste

    def disposition(self, known: list[int]) -> int:
        """Which outcome is chosen."""
        return self.rng.choice(known)

    def reply_seconds(self) -> float:
        """How long a visitor waits for an answer that has to be typed."""
        return self.rng.triangular(3, 12, 5) / self.haste

    def reply(self) -> str:
        """What is typed."""
        return self.rng.choice(REPLIES)

    def note(self) -> str:
        """What is written."""
        return self.rng.choice(NOTES)


NOTES = (
    "",
    "",
    "客户询问订单物流，已告知预计送达时间。",
    "需要发票，已登记邮箱。",
    "设备无法开机，已安排上门。",
    "咨询套餐价格，稍后回电。",
    "地址变更，已更新。",
)
