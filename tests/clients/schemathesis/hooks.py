"""Changes to the default behaviour of schemathesis; loaded by SCHEMATHESIS_HOOKS (see infra/schemathesis.toml)."""

import re

import schemathesis

# Characters that no text may contain. The document says so only in words, because a pattern would be wrong in engines that match bytes.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def without_control(value):
    """The same value with each control character in texts and keys replaced by an ordinary one."""
    if isinstance(value, str):
        return CONTROL.sub("x", value)
    if isinstance(value, list):
        return [without_control(item) for item in value]
    if isinstance(value, dict):
        return {without_control(key): without_control(item) for key, item in value.items()}
    return value


@schemathesis.hook
def map_case(context, case):
    """Removes control characters from bodies and queries; sends no `null` for an optional body (it counts as absent, which the document
    says only in words, because generated clients would otherwise have it as a type); and sends non-ASCII characters of a header as UTF-8,
    because the gateway refuses Latin-1, the default of schemathesis, in its own form."""
    for part in ("body", "query"):
        value = without_control(getattr(case, part))
        # Only a changed value is assigned, because schemathesis checks assigned values again.
        if value != getattr(case, part):
            setattr(case, part, value)
    if case.body is None and not any(body.is_required for body in case.operation.body):
        case.body = {}
    for name, value in (case.headers or {}).items():
        if isinstance(value, str) and not value.isascii():
            case.headers[name] = value.encode("utf-8").decode("latin-1")
    return case
