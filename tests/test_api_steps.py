"""The walk that Postman takes, step by step, to the letter; on both databases."""

import pytest


@pytest.fixture
def client(make_app, any_url):
    return make_app(any_url).test_client()


def test_the_eight_steps_answer_to_the_letter(client):
    person = {"username": "testuser1", "password": "securepassword"}

    answer = client.post("/register", json=person)
    assert (answer.status_code, answer.json) == (201, {"message": "User created successfully"})

    answer = client.post("/login", json=person)
    assert answer.status_code == 200
    assert list(answer.json) == ["access_token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.json['access_token']}"

    written = {"title": "My First Postman Task", "description": "Testing the API with Postman."}
    answer = client.post("/tasks", json=written)
    assert (answer.status_code, answer.json) == (201, {"message": "Task created successfully"})

    answer = client.get("/tasks")
    assert answer.status_code == 200
    [task] = answer.json
    assert written.items() <= task.items()

    address = f"/tasks/{task['id']}"
    answer = client.get(address)
    assert (answer.status_code, answer.json) == (200, task)

    answer = client.put(address, json={"title": "Updated Task Title", "status": "completed"})
    assert (answer.status_code, answer.json) == (200, {"message": "Task updated successfully"})
    changed = client.get(address).json
    assert (changed["title"], changed["status"]) == ("Updated Task Title", "completed")
    assert changed["description"] == "Testing the API with Postman."

    answer = client.delete(address)
    assert (answer.status_code, answer.json) == (200, {"message": "Task deleted successfully"})
    assert client.get(address).status_code == 404

    for number in range(7):
        client.post("/tasks", json={"title": f"Task {number}"})
    answer = client.get("/tasks?page=2&per_page=5")
    assert answer.status_code == 200
    assert [task["title"] for task in answer.json] == ["Task 1", "Task 0"]
