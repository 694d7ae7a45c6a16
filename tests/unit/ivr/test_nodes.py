"""Every node type has sample data that works; the JSON Schema knows them all."""

import importlib
import pkgutil

import pytest

import ivr.nodes
from ivr.flow_file import json_schema, parse_flow
from ivr.nodes import node_types

FILES = sorted(m.name for m in pkgutil.iter_modules(ivr.nodes.__path__) if m.name != "base")


def sample_flow(name):
    sample = node_types()[name].sample
    assert sample, f"ivr/nodes/{name}.py has no sample"
    return f"start: here\nnodes:\n  here: {sample}\n  there: {{type: queue, queue: service}}\n"


def test_every_file_is_a_node_type_under_its_own_name():
    assert list(node_types()) == FILES
    for name in FILES:
        node = importlib.import_module(f"ivr.nodes.{name}").NODE
        assert node.model_fields["type"].annotation.__args__ == (name,)


@pytest.mark.parametrize("name", FILES)
def test_the_sample_of_a_node_type_can_be_read_and_says_all_its_fields(name):
    read = parse_flow("sample", "sample.yml", sample_flow(name).encode())
    assert read.problems == []
    assert set(read.source.data["nodes"]["here"]) == set(node_types()[name].model_fields)


@pytest.mark.parametrize("name", FILES)
def test_the_sample_of_a_node_type_runs_to_an_end(name, flow_of, converse, names):
    outcome, _ = converse(flow_of(sample_flow(name)), ["key=1"])
    assert outcome.next in ("queue", "transfer", "hangup")
    assert "NodeFailed" not in names(outcome)


@pytest.mark.parametrize("name", FILES)
def test_every_field_that_names_a_node_is_a_way_out(name):
    read = parse_flow("sample", "sample.yml", sample_flow(name).encode())
    node = read.flow.nodes["here"]
    named = str(node.model_dump()).count("'there'")
    assert list(node.ways_out().values()).count("there") == named


@pytest.mark.parametrize("name", FILES)
def test_every_field_that_names_a_prompt_is_checked(name):
    node = parse_flow("sample", "sample.yml", sample_flow(name).encode()).flow.nodes["here"]
    schema = type(node).model_json_schema()["properties"]
    spoken = {field for field, info in schema.items() if "'format': 'prompt'" in str(info)}
    assert {path[0] for path in node.prompts()} == spoken


def test_the_schema_has_every_node_type_and_refuses_other_fields():
    schema = json_schema()
    (node,) = schema["properties"]["nodes"]["patternProperties"].values()
    assert sorted(node["discriminator"]["mapping"]) == FILES
    assert schema["additionalProperties"] is False
