"""What `doctor` found, as lines for a person."""

from collections.abc import Sequence

from kubectl_stress.results.diagnosis import Diagnosis


def doctor_text(found: Sequence[Diagnosis]) -> str:
    """One line each, its remedy below it."""
    lines = []
    for each in found:
        lines.append(f"{each.health.value:8} {each.subject}: {each.text}")
        if each.remedy:
            lines.append(f"{'':8} → {each.remedy}")
    return "\n".join(lines)
