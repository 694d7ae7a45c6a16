"""Every text that a person reads in the terminal, in Chinese and English.

`say` is called by `python -m uckefu`; the language is UCKEFU_LANGUAGE (zh or en), else that of LC_ALL, LC_MESSAGES
or LANG, else Chinese.
"""

import os
from collections.abc import Mapping

TEXTS: dict[str, tuple[str, str]] = {
    # key: (zh, en)
    "starting": ("正在启动 {name} …", "Starting {name} …"),
    "preparing": ("正在准备数据库和配置 …", "Preparing the database and the configuration …"),
    "running": ("优客服 UCKeFu 已启动（{seconds} 秒）", "UCKeFu is running ({seconds} s)"),
    "web": ("网址", "Web"),
    "visitors": ("访客窗口", "Web chat"),
    "switch": ("交换机", "Switch"),
    "builtin": ("内置软交换", "built-in"),
    "logins": ("登录账号", "Logins"),
    "administrator": ("管理员", "administrator"),
    "supervisor": ("班长", "supervisor"),
    "agent": ("坐席", "agent"),
    "login": ("用户名", "login"),
    "password": ("密码", "password"),
    "role": ("角色", "role"),
    "changed": ("（已由本人修改）", "(changed by its user)"),
    "phones": ("SIP 话机", "SIP phones"),
    "phones_hint": (
        "服务器 {server}，UDP，域 {domain}（注册域名或代理填服务器地址）",
        "server {server}, UDP, domain {domain} (give the server as proxy)",
    ),
    "extension": ("分机", "extension"),
    "belongs_to": ("使用人", "belongs to"),
    "numbers": ("可拨号码", "Numbers to dial"),
    "dial_did": ("客户来电：语音导航 → 排队 → 坐席", "a customer's call: menu, queue, agent"),
    "dial_extension": ("坐席分机", "the agents' extensions"),
    "dial_music": ("听等待音乐", "hold music"),
    "dial_echo": ("回声测试", "echo test"),
    "logs": ("日志", "Logs"),
    "stop_hint": ("按 Ctrl-C 停止", "Ctrl-C stops everything"),
    "demo_notice": (
        "  演示模式：来电、坐席话机和网页访客都是模拟的，可直接登录观看\n"
        "    supervisor  全部通话、坐席与排队\n"
        "    agent1      坐席工作台：来电弹屏、通话、网页会话、整理（由模拟坐席操作）\n",
        "  This is a demo: callers, the agents' phones and web visitors are simulated. Sign in and look:\n"
        "    supervisor  all calls, agents and queues\n"
        "    agent1      an agent's desktop: pop-up, call, chats, wrap-up (a simulated agent works there)\n",
    ),
    "no_demo_package": (
        "未安装演示所需的软件包：请运行 make demo",
        "the demo needs this package: run make demo",
    ),
    "stopping": ("正在停止 …", "Stopping …"),
    "stopped": ("已停止。", "Stopped."),
    "ended_restarting": (
        "{name} 意外退出（{status}），{seconds} 秒后重启，日志 {log}",
        "{name} ended ({status}); it is started again in {seconds} s; log: {log}",
    ),
    "port_in_use": (
        "{setting}={port} 已被占用：请停止占用该端口的程序，或设置其他端口，例如 {setting}={other} make run",
        "{setting}={port} is in use: stop the program that has it, or choose another, e.g. {setting}={other} make run",
    ),
    "port_forbidden": (
        "{setting}={port} 无权使用：请选择 1024 以上的端口",
        "{setting}={port} is not allowed for this user: choose one above 1024",
    ),
    "port_twice": (
        "{setting}={port} 与 {first} 相同：请各用一个端口",
        "{setting}={port} is the same as {first}: give each its own",
    ),
    "setting_refused": ("配置有误：{reason}", "A setting is refused: {reason}"),
    "already_running": (
        "该实例已在运行（进程 {pid}）：{instance}",
        "This instance is running already (process {pid}): {instance}",
    ),
    "no_redis": (
        "找不到 redis-server：请安装它，或在此指定一个 Redis",
        "no redis-server was found: install it, or name a running Redis here",
    ),
    "redis_away": (
        "这个 Redis 没有应答",
        "this Redis does not answer",
    ),
    "database_away": (
        "数据库不可用（UCKEFU_DATABASE_URL）：{reason}",
        "The database can't be used (UCKEFU_DATABASE_URL): {reason}",
    ),
    "no_freeswitch": (
        "找不到这个程序：请用 FREESWITCH=路径 指定，或设置 UCKEFU_SWITCH=builtin",
        "there is no such program: name it by FREESWITCH=PATH, or set UCKEFU_SWITCH=builtin",
    ),
    "no_mod_python": (
        "这个 FreeSWITCH 没有 mod_python3 模块：请安装该模块，或设置 UCKEFU_SWITCH=builtin",
        "this FreeSWITCH has no mod_python3: install that module, or set UCKEFU_SWITCH=builtin",
    ),
    "not_ready": (
        "{name} 启动失败（{reason}）。{log} 的最后几行：\n{tail}",
        "{name} did not start ({reason}). The last lines of {log}:\n{tail}",
    ),
    "ended": ("已退出，状态 {status}", "it ended with status {status}"),
    "too_slow": ("{seconds} 秒内没有就绪", "it was not ready within {seconds} s"),
    "configured": ("交换机配置已写入 {folder}", "The switch's configuration is in {folder}"),
}


def language(environment: Mapping[str, str] = os.environ) -> str:
    """`zh` or `en`: the setting, else the terminal's, else `zh`."""
    chosen = environment.get("UCKEFU_LANGUAGE", "").lower()
    if chosen[:2] in ("zh", "en"):
        return chosen[:2]
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    spoken = next((environment[name] for name in names if environment.get(name)), "")
    return "en" if spoken.lower().startswith("en") else "zh"


def say(key: str, **values: object) -> str:
    """The text of `key` in the terminal's language, with its values filled in."""
    return TEXTS[key][0 if language() == "zh" else 1].format(**values)
