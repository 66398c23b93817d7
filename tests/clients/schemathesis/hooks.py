"""What schemathesis does otherwise than it would by itself; loaded by SCHEMATHESIS_HOOKS (see infra/schemathesis.toml)."""

import re

import schemathesis

# What every text refuses, which the document says in words: as a pattern it would be wrong in engines that match bytes.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def without_control(value):
    """The same value with an ordinary character in the place of each control character, in texts and keys."""
    if isinstance(value, str):
        return CONTROL.sub("x", value)
    if isinstance(value, list):
        return [without_control(item) for item in value]
    if isinstance(value, dict):
        return {without_control(key): without_control(item) for key, item in value.items()}
    return value


@schemathesis.hook
def map_case(context, case):
    """Leaves control characters out of bodies and queries, sends no `null` for an optional body (it counts as none, which the document
    says in words: as a type it would be in every client), and sends the characters of a header beyond ASCII as UTF-8: as Latin-1,
    schemathesis' own way, the gateway refuses them in its own form."""
    for part in ("body", "query"):
        value = without_control(getattr(case, part))
        # What is assigned, schemathesis judges anew.
        if value != getattr(case, part):
            setattr(case, part, value)
    if case.body is None and not any(body.is_required for body in case.operation.body):
        case.body = {}
    for name, value in (case.headers or {}).items():
        if isinstance(value, str) and not value.isascii():
            case.headers[name] = value.encode("utf-8").decode("latin-1")
    return case
