"""Reading the FreeSWITCH configuration folder."""

from pathlib import Path

import pytest

from softswitch.config import ConfigError, Configuration, load

MAIN = """<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
  <section name="directory">
    <domain name="$${domain}">
      <params>
        <param name="dial-string" value="x"/>
      </params>
      <groups>
        <group name="default">
          <users>
            <user id="1001">
              <params>
                <param name="password" value="p"/>
              </params>
              <variables>
                <variable name="user_context" value="default"/>
              </variables>
            </user>
          </users>
        </group>
      </groups>
    </domain>
  </section>
</document>
"""
SOFIA = """<include>
<configuration name="sofia.conf">
  <profiles>
    <X-PRE-PROCESS cmd="include" data="../sip_profiles/*.xml"/>
  </profiles>
</configuration>
</include>
"""
PROFILE = """<include>
<profile name="internal">
  <domains>
    <domain name="all"/>
  </domains>
  <settings>
    <param name="sip-ip" value="$${local_ip_v4}"/>
  </settings>
  <gateways>
    <gateway name="carrier">
      <param name="proxy" value="127.0.0.1:5070"/>
    </gateway>
  </gateways>
</profile>
</include>
"""


def build(folder: Path, **files: str) -> Path:
    """Write a configuration; a keyword `dialplan__a` is the file dialplan/a.xml."""
    contents = {"freeswitch": MAIN, "vars": '<X-PRE-PROCESS cmd="set" data="domain=pbx.test"/>\n'} | files
    for name, text in contents.items():
        path = folder / (name.replace("__", "/") + ".xml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def load_files(folder: Path, **files: str) -> Configuration:
    return load(build(folder, **files), {"local_ip_v4": "127.0.0.9"})


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    configuration = load_files(
        tmp_path,
        autoload_configs__sofia=SOFIA,
        sip_profiles__internal=PROFILE,
        autoload_configs__modules='<configuration name="modules.conf"><modules><load module="mod_sofia"/></modules></configuration>',
        autoload_configs__local_stream='<configuration name="local_stream.conf"><directory name="moh" path="/m"/></configuration>',
        autoload_configs__python='<configuration name="python.conf"><settings>\n'
        '<param name="xml-handler-script" value="fs_scripts.directory"/>\n'
        '<param name="xml-handler-bindings" value="directory|dialplan"/>\n</settings></configuration>',
        dialplan__a='<context name="default"/>',
    )
    profile = configuration.profiles["internal"]
    assert profile.params == {"sip-ip": "127.0.0.9"}
    assert profile.domains == ("all",)
    assert configuration.gateways["carrier"].params == {"proxy": "127.0.0.1:5070"}
    assert configuration.modules == ("mod_sofia",)
    assert configuration.local_streams == {"moh": Path("/m")}
    assert configuration.xml_handler == ("fs_scripts.directory", frozenset({"directory", "dialplan"}))
    user = configuration.directory["1001", "pbx.test"]
    assert user.params == {"dial-string": "x", "password": "p"}
    assert user.variables == {"user_context": "default"}
    assert configuration.variables["domain"] == "pbx.test"
    assert configuration.variables["conf_dir"] == str(tmp_path.resolve())


def test_a_context_that_is_not_there_falls_back_to_global(tmp_path: Path) -> None:
    configuration = load_files(tmp_path, dialplan__a='<context name="global"/>')
    assert configuration.context("nowhere") is configuration.contexts["global"]


def test_included_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    configuration = load_files(
        tmp_path,
        dialplan__20='<context name="second"/>',
        dialplan__10='<context name="first"/>',
    )
    assert list(configuration.contexts) == ["first", "second"]


def test_a_value_may_hold_another_variable(tmp_path: Path) -> None:
    configuration = load_files(
        tmp_path,
        vars='<X-PRE-PROCESS cmd="set" data="domain=d"/>\n<X-PRE-PROCESS cmd="set" data="a=x"/>\n<X-PRE-PROCESS cmd="set" data="b=$${a}/$${unknown}y"/>\n',
    )
    assert configuration.variables["b"] == "x/y"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dialplan__a", "<context>\n</context>", "a.xml:1: <context> needs the attribute 'name'"),
        ("dialplan__a", '\n<context name="x">\n</contxt>', "a.xml:3: mismatched tag"),
        ("dialplan__a", '<include><context name="x"/></include>', "a.xml:1: FreeSWITCH drops the whole line"),
        (
            "dialplan__a",
            '<!-- <X-PRE-PROCESS cmd="set" data="a=b"/> -->',
            "a.xml:1: X-PRE-PROCESS needs a line",
        ),
        (
            "dialplan__a",
            '<X-PRE-PROCESS cmd="set"\n data="a=b"/>',
            "a.xml:1: X-PRE-PROCESS must begin and end",
        ),
        (
            "dialplan__a",
            '<X-PRE-PROCESS cmd="set" data="a"/>',
            'a.xml:1: X-PRE-PROCESS set needs data="name=value"',
        ),
        ("dialplan__a", '<X-PRE-PROCESS cmd="exec" data="ls"/>', "a.xml:1: X-PRE-PROCESS cmd='exec' is not"),
        ("dialplan__a", '<X-PRE-PROCESS cmd="include" data="b.xml"/>', "a.xml:1: can't read"),
        ("dialplan__a", '\n<X-PRE-PROCESS cmd="include" data="a.xml"/>', "does .* include itself"),
        ("dialplan__a", "$${a", "a.xml:1: .* without its"),
        ("dialplan__a", '<context name="x"/>\n<context name="x"/>', "a.xml:2: context 'x' is there twice"),
        (
            "dialplan__a",
            '<context name="x"><extension name="e">\n<condition field="destination_number" expression="("/>'
            "</extension></context>",
            r"a.xml:2: expression '\('",
        ),
        (
            "dialplan__a",
            '<context name="x"><extension name="e">\n<condition field="my_variable" expression="1"/>'
            "</extension></context>",
            r"a.xml:2: there is no caller field 'my_variable'; a channel variable is \$\{my_variable\}",
        ),
        (
            "dialplan__a",
            '<context name="x"><extension name="e">\n<condition wday="1"/></extension></context>',
            "a.xml:2: the built-in switch has no time conditions",
        ),
        (
            "dialplan__a",
            '<context name="x"><extension name="e">\n<condition break="sometimes"/></extension></context>',
            "a.xml:2: break='sometimes'",
        ),
        ("freeswitch", "<section/>", "freeswitch.xml:1: the outermost element must be <document>"),
        ("freeswitch", "", "freeswitch.xml:1: no element found"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_files(tmp_path, **{name: text})


def test_two_gateways_of_one_name_are_refused(tmp_path: Path) -> None:
    other = PROFILE.replace('"internal"', '"external"')
    with pytest.raises(ConfigError, match=r"internal\.xml:\d+: gateway 'carrier' is there twice"):
        load_files(
            tmp_path,
            autoload_configs__sofia=SOFIA,
            sip_profiles__external=other,
            sip_profiles__internal=PROFILE,
        )


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't read .*freeswitch\.xml: No such file"):
        load(tmp_path)
