# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on tokens."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Tokens(Group):
    """Tokens of end users. For integrations."""

    def exchange(
        self,
        tenant_external_id: str,
        user_external_id: str,
        *,
        ttl_seconds: int | Unset = UNSET,
    ) -> models.Token:
        """Get a token for a user.

        Needs scope `tokens:write`. The token is a JWT for the operations on conversations and messages of that one user, signed
        with a key of `/.well-known/jwks.json`. It never creates: an unknown tenant or user is 404.
        A suspended tenant is 403 `tenant-suspended`, a suspended user 403 `insufficient-scope`. An `Idempotency-Key` is ignored:
        each call makes another token.

        Args:
            tenant_external_id: The integration's own id of the tenant. White space around it is removed; then 1 to 255 characters
                without `?`, and not `.` or `..`.
            user_external_id: The integration's own id of the user within the tenant. White space around it is removed; then 1 to
                255 characters without `?`, and not `.` or `..`.
            ttl_seconds: For how many seconds the token is good, 60 to 3,600. Default: 900.
        """
        return self._call(api.EXCHANGE_TOKEN, body={"tenant_external_id": tenant_external_id, "user_external_id": user_external_id, "ttl_seconds": ttl_seconds})
