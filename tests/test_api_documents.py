"""The description of the API is true: every route is in it, and what is answered is what it says."""

import json
import re

import pytest
from conftest import PASSWORD

from web import docs
from web.inputs import Bulk, NewTask, TaskChange
from web.openapi import DESCRIPTIONS, IMPLICIT_METHODS, described

FREE = {("post", "/register"), ("post", "/login"), ("get", "/healthz"), ("get", "/readyz"), ("get", "/openapi.json")}
FREE |= {("get", "/docs"), ("get", "/docs/{name}")}
OWN_RULE = {("post", "/token/refresh"), ("get", "/metrics")}


@pytest.fixture
def document(client):
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


def operations(document):
    return {(method, path): said for path, methods in document["paths"].items() for method, said in methods.items()}


def test_every_route_with_every_method_is_described_and_nothing_else(app, document):
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in described(app)
        for method in rule.methods - IMPLICIT_METHODS
    }
    assert set(operations(document)) == routes
    assert {tuple(name.lower().split(" ", 1)) for name in DESCRIPTIONS} == {(m, p.lower()) for m, p in routes}


def test_each_description_says_what_a_client_needs(document):
    assert document["openapi"] == "3.1.0"
    names = [said["operationId"] for said in operations(document).values()]
    assert len(set(names)) == len(names)
    for route, said in operations(document).items():
        assert said["summary"].endswith("."), route
        assert set(said["tags"]) <= {tag["name"] for tag in document["tags"]}, route
        needs_token = said["security"] == [{"access_token": []}]
        assert needs_token == (route not in FREE | OWN_RULE), route
        assert ("401" in said["responses"]) == (route not in FREE or route == ("post", "/login")), route
        for status, response in said["responses"].items():
            if int(status) >= 400:
                assert response == {"$ref": f"#/components/responses/{status}"}
            else:
                assert "X-Request-ID" in response["headers"]


def test_every_reference_leads_somewhere(document):
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found


def test_the_examples_of_bodies_are_accepted(app, client, document):
    """Every example is sent; ids in it exist."""
    client.post("/register", json={"username": "testuser2", "password": PASSWORD})
    examples = {
        route: said["requestBody"]["content"]["application/json"]["example"]
        for route, said in operations(document).items()
        if "requestBody" in said
    }
    last = [("put", "/me/password"), ("delete", "/me")]
    for route in [*sorted(set(examples) - set(last), key=lambda route: route[1] != "/register"), *last]:
        method, path = route
        if path in ("/me/password", "/me"):
            client.put("/me/password", json={"current_password": "a better password", "new_password": PASSWORD})
        answer = client.open(path.replace("{task_id}", "1"), method=method.upper(), json=examples[route])
        assert answer.status_code in (200, 201), (route, answer.json)
        if path == "/register":
            token = client.post("/login", json=examples[route]).json["access_token"]
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
            for number in range(8):
                client.post("/tasks", json={"title": f"Task {number}"})


def strings_in(schema):
    """The schemas of texts anywhere in a schema, but those that are told more closely."""
    if isinstance(schema, list):
        return [found for part in schema for found in strings_in(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"} else []
    return own + [found for part in schema.values() for found in strings_in(part)]


@pytest.mark.parametrize("body", [NewTask, TaskChange, Bulk])
def test_a_text_that_is_refused_for_its_nul_is_not_described_as_possible(body):
    found = strings_in(body.model_json_schema())
    assert found
    assert [schema for schema in found if re.search(schema.get("pattern", ""), "a\0b")] == []


def test_the_reference_needs_nothing_from_elsewhere_and_no_inline_script(client):
    with client.get("/docs") as page:
        policy, text = page.headers["Content-Security-Policy"], page.text
    assert page.mimetype == "text/html"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "://" not in text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text)
    files = re.findall(r'(?:src|href)="docs/([^"]+)"', text)
    assert len(files) == 4
    for name in files:
        with client.get(f"/docs/{name}") as answer:
            assert answer.status_code == 200
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing", "..%2Fdocs.py", "%2e%2e/docs.py", "..", "a%00b"])
def test_no_other_file_is_served(client, name):
    answer = client.get(f"/docs/{name}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_the_viewer_says_where_it_is_from_and_under_which_licence():
    assert re.match(r"swagger-ui-dist \d+\.\d+\.\d+, from npm .*Apache-2\.0", (docs.VIEWER / "VERSION").read_text())
    assert "Apache License" in (docs.VIEWER / "LICENSE").read_text()
