import base64
import json

from tests.cluster.kubeconfig import kubeconfig


def test_each_user_has_a_context_and_the_first_is_current() -> None:
    config = json.loads(kubeconfig("https://127.0.0.1:1", b"PEM", {"admin": "a", "developer": "d"}))

    assert config["current-context"] == "admin"
    assert [context["name"] for context in config["contexts"]] == ["admin", "developer"]
    assert [user["user"]["token"] for user in config["users"]] == ["a", "d"]
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    assert base64.b64decode(authority) == b"PEM"
