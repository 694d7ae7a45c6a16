"""The sample people, queues, outcomes and contacts; the numbers belong to nobody we know of."""

from typing import NamedTuple


class Person(NamedTuple):
    """A sample user; `extension` is empty for one without a phone."""

    login: str
    name: str
    role: str
    extension: str = ""


PEOPLE = (
    Person("admin", "管理员", "administrator"),
    Person("supervisor", "赵敏", "supervisor"),
    Person("agent1", "王芳", "agent", "1001"),
    Person("agent2", "李伟", "agent", "1002"),
)

QUEUES = {
    "sales": ("销售", "Sales"),
    "service": ("客服", "Service"),
    "operator": ("总机", "Operator"),
}

CHAT_QUEUE = ("webchat", "网页客服", "Web chat")
SITE = ("demo", "示例网站")
"""Key and name of the sample site: its window is at /chat/demo."""

DISPOSITIONS = (
    ("resolved", "已解决", "Resolved"),
    ("follow-up", "需跟进", "Follow-up needed"),
    ("inquiry", "咨询", "Inquiry"),
    ("complaint", "投诉", "Complaint"),
    ("order", "下单", "Order placed"),
    ("wrong-number", "打错电话", "Wrong number"),
    ("no-speech", "无人说话", "Nobody spoke"),
)

# name, company, VIP level, numbers in E.164
CONTACTS = (
    ("陈静", "上海晨光贸易有限公司", 2, ("+8613800138000", "+862150001234")),
    ("刘洋", "北京远望科技有限公司", 1, ("+8613900139000",)),
    ("周杰", "", 0, ("+8613700137000",)),
    ("吴婷", "深圳海岸物流有限公司", 0, ("+8675526001234",)),
    ("John Smith", "Pacific Imports Ltd.", 0, ("+14155550123",)),
)
