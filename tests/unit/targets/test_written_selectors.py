"""Selectors of the command line are read as the API server reads them."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.selector import LabelRule, Operator
from kubectl_stress.targets.written_selectors import field_values, label_rules, unreadable


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
    with pytest.raises(UsageError) as refused:
        label_rules(text)

    assert str(refused.value).startswith(f'-l "{text}" cannot be read: ')
    assert str(refused.value).endswith(
        "write one like -l app=web, -l 'app in (web,db)' or -l '!canary'"
    )


def test_fields_must_be_equal() -> None:
    found = field_values("spec.nodeName=n1, status.phase==Running")

    assert found == (("spec.nodeName", "n1"), ("status.phase", "Running"))


@pytest.mark.parametrize("text", ["spec.nodeName", "spec.hostname=a", "metadata.name=a\\,b"])
def test_other_field_selectors_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        field_values(text)


@pytest.mark.parametrize(
    ("labels", "fields", "option"),
    [
        ("a in", "", '-l "a in"'),
        ("", "spec.host=a", '--field-selector "spec.host=a"'),
        ("a in", "spec.nodeName=n1", '-l "a in"'),
        ("a=b", "spec.host=a", '--field-selector "spec.host=a"'),
        ("a=b", "spec.nodeName=n1", '-l "a=b" --field-selector "spec.nodeName=n1"'),
    ],
)
def test_the_option_is_named_whose_selector_the_server_cannot_read(
    labels: str, fields: str, option: str
) -> None:
    error = unreadable(labels, fields, "unable to parse")

    assert str(error).startswith(f"{option} cannot be read: unable to parse")
    assert error.exit_code == 2
