"""Selectors of the command line are read as the API server reads them."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.selector import LabelRule, Operator
from kubectl_stress.targets.written_selectors import field_values, label_rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("app=web", LabelRule.equal("app", "web")),
        ("app == web", LabelRule.equal("app", "web")),
        ("app=", LabelRule.equal("app", "")),
        ("app!=web", LabelRule("app", Operator.NOT_IN, ("web",))),
        ("app in (a,b)", LabelRule("app", Operator.IN, ("a", "b"))),
        ("example.com/app notin ( a )", LabelRule("example.com/app", Operator.NOT_IN, ("a",))),
        ("app", LabelRule("app", Operator.EXISTS)),
        ("!app", LabelRule("app", Operator.DOES_NOT_EXIST)),
    ],
)
def test_each_form_of_a_label_selector(text: str, rule: LabelRule) -> None:
    assert label_rules(text) == (rule,)
    assert label_rules(f"tier=x, {text}") == (LabelRule.equal("tier", "x"), rule)
    assert label_rules(str(rule)) == (rule,)


@pytest.mark.parametrize("text", ["a b", "app in a", "=web", "app=we b", "app in (a", "app>3"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        label_rules(text)


def test_fields_must_be_equal() -> None:
    found = field_values("spec.nodeName=n1, status.phase==Running")

    assert found == (("spec.nodeName", "n1"), ("status.phase", "Running"))


@pytest.mark.parametrize("text", ["spec.nodeName", "spec.hostname=a", "metadata.name=a\\,b"])
def test_other_field_selectors_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        field_values(text)
