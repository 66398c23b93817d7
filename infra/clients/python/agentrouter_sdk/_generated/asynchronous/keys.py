# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on keys."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Keys(Group):
    """API keys of a customer's integration. For operators."""

    async def create(
        self,
        customer_id: str,
        name: str,
        *,
        scopes: Sequence[values.IntegrationScope] | Unset = UNSET,
        expires_at: datetime | None | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.IssuedKey:
        """Create an API key.

        Needs scope `keys:write`. The secret is in this answer and nowhere else. At most 50 keys are kept per customer: one more
        drops the oldest that is revoked or expired, and is 422 (pointer `""`) where none is.
        An `expires_at` that is not in the future is 422.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            name: 1 to 255 characters. Need not be unique.
            scopes: A set, in any order; all scopes where omitted. `[]` makes a key that only reads.
            expires_at: When the key ends, in the future. RFC 3339 with any offset, but no leap second; shown in UTC, digits past
                the millisecond are cut. Never where omitted or `null`.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.CREATE_KEY, customer_id, body={"name": name, "scopes": scopes, "expires_at": expires_at}, idempotency_key=idempotency_key)

    async def list(
        self,
        customer_id: str,
    ) -> models.KeyList:
        """List a customer's keys.

        All keys that are kept, newest first, revoked and expired ones included. No pages.

        Args:
            customer_id: The customer's slug or its `cust_` id.
        """
        return await self._call(api.LIST_KEYS, customer_id)

    async def rotate(
        self,
        customer_id: str,
        key_id: str,
        *,
        overlap_seconds: int | Unset = UNSET,
        expires_at: datetime | None | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.IssuedKey:
        """Replace a key by a new one.

        Needs scope `keys:write`. The new key has the old one's name and scopes. The old one ends after `overlap_seconds`, or at
        its own expiry where that is earlier.
        A revoked or expired key is 404. No room for one more key (with an overlap of 0 there always is), or an `expires_at` that
        is not in the future, is 422.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            key_id: The key's id.
            overlap_seconds: For how many seconds the old key stays good: 0 (where omitted) to 604,800, which is 7 days.
            expires_at: When the new key ends, in the future. RFC 3339 with any offset, but no leap second; shown in UTC, digits
                past the millisecond are cut. Never where `null`. Where omitted, the old key's lifetime as given at its creation,
                counted from now.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.ROTATE_KEY, customer_id, key_id, body={"overlap_seconds": overlap_seconds, "expires_at": expires_at}, idempotency_key=idempotency_key)

    async def revoke(
        self,
        customer_id: str,
        key_id: str,
    ) -> None:
        """Revoke a key.

        Needs scope `keys:write`. The key is refused from the next request on. Revoking it again is 204 again. `If-Match` and a
        body are ignored.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            key_id: The key's id.
        """
        return await self._call(api.REVOKE_KEY, customer_id, key_id)
