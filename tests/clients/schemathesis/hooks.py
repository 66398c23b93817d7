"""What schemathesis does otherwise than it would by itself; loaded by SCHEMATHESIS_HOOKS (see infra/schemathesis.toml)."""

import schemathesis


@schemathesis.hook
def map_case(context, case):
    """Sends the characters of a header beyond ASCII as UTF-8. As Latin-1, schemathesis' own way, the gateway refuses them in its own form."""
    for name, value in (case.headers or {}).items():
        if isinstance(value, str) and not value.isascii():
            case.headers[name] = value.encode("utf-8").decode("latin-1")
    return case
