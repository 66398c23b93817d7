# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on roles."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Roles(Group):
    """The roles of a tenant. For integrations."""

    async def create(
        self,
        tenant_id: str,
        name: str,
        *,
        description: str | None | Unset = UNSET,
        repository_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Role:
        """Create a role.

        Needs scope `roles:write`. Names are unique per tenant; a taken one is 409 `name-conflict` with the holder's id. A
        `repository_id` that is not attached to the tenant is 422 at that member.

        Args:
            tenant_id: The tenant's id.
            name: Unique per tenant. 1 to 255 characters.
            description: For people. At most 2,000 characters.
            repository_id: A repository that is attached to the role's tenant, or `null` (or empty) for none.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.CREATE_ROLE, tenant_id, body={"name": name, "description": description, "repository_id": repository_id, "metadata": metadata}, idempotency_key=idempotency_key)

    async def list(
        self,
        tenant_id: str,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        name: str | None = None,
    ) -> models.RolePage:
        """List a tenant's roles.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. With `name` the answer
        has at most one role. A page ends early at 4 MiB or when the store is slow. Needs no scope.

        Args:
            tenant_id: The tenant's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed role id will do, whether or not it exists; empty is the same
                as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed role id will do; empty is the same as absent.
            name: Only the role with exactly this name.
        """
        return await self._call(api.LIST_ROLES, tenant_id, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "name": name})

    def list_all(
        self,
        tenant_id: str,
        *,
        limit: int | None = None,
        name: str | None = None,
    ) -> AsyncIterator[models.Role]:
        """List a tenant's roles, all of them: iterates over the pages.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. With `name` the answer
        has at most one role. A page ends early at 4 MiB or when the store is slow. Needs no scope.

        Args:
            tenant_id: The tenant's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
            name: Only the role with exactly this name.
        """
        return self._rows(api.LIST_ROLES, models.Role, tenant_id, query={"limit": limit, "name": name})

    async def get(
        self,
        role_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Role:
        """Get a role.

        A role of a deprovisioned tenant is 404. Needs no scope.

        Args:
            role_id: The role's id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_ROLE, role_id, if_none_match=if_none_match)

    async def update(
        self,
        role_id: str,
        *,
        name: str | Unset = UNSET,
        description: str | None | Unset = UNSET,
        repository_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.Role:
        """Change a role.

        Needs scope `roles:write`. A change affects conversations that are created afterwards only. A taken name is 409
        `name-conflict`. A `repository_id` that is not attached to the tenant is 422 at that member. A body without members writes
        nothing.

        Args:
            role_id: The role's id.
            name: Unique per tenant. 1 to 255 characters.
            description: For people. At most 2,000 characters.
            repository_id: A repository that is attached to the role's tenant, or `null` (or empty) for none.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.UPDATE_ROLE, role_id, body={"name": name, "description": description, "repository_id": repository_id, "metadata": metadata}, if_match=if_match)

    async def delete(
        self,
        role_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Delete a role.

        Needs scope `roles:write`. 409 `resource-in-use` naming one user while any has it. A body is ignored.

        Args:
            role_id: The role's id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.DELETE_ROLE, role_id, if_match=if_match)
