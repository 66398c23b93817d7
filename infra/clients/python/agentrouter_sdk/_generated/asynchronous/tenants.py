# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on tenants."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Tenants(Group):
    """The tenants of one customer. For integrations."""

    async def create(
        self,
        *,
        name: str | None | Unset = UNSET,
        external_id: str | None | Unset = UNSET,
        settings: inputs.TenantSettingsInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Tenant:
        """Create a tenant.

        Needs scope `tenants:write`. All members are optional, and so is the body. A taken `external_id` is 409
        `external-id-conflict` with the holder's id.

        Args:
            name: For people. At most 255 characters.
            external_id: The integration's own id. White space around it is removed; then 1 to 255 characters without `?`, and not
                `.` or `..`. Not the empty text, but `null` is the same as omitted.
            settings: Settings to store, as a whole. Members that are missing take their default, whatever they were before.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.CREATE_TENANT, body={"name": name, "external_id": external_id, "settings": settings, "metadata": metadata}, idempotency_key=idempotency_key)

    async def list(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        status: values.TenantStatus | None = None,
    ) -> models.TenantPage:
        """List tenants.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. The `status` filter may
        lag a change by a second, and under it a page may be short or even empty with `has_more` true.
        A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed tenant id will do, whether or not it exists; empty is the
                same as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed tenant id will do; empty is the same as absent.
            status: Only tenants with this status.
        """
        return await self._call(api.LIST_TENANTS, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "status": status})

    def list_all(
        self,
        *,
        limit: int | None = None,
        status: values.TenantStatus | None = None,
    ) -> AsyncIterator[models.Tenant]:
        """List tenants, all of them: iterates over the pages.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. The `status` filter may
        lag a change by a second, and under it a page may be short or even empty with `has_more` true.
        A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            status: Only tenants with this status.
        """
        return self._rows(api.LIST_TENANTS, models.Tenant, query={"limit": limit, "status": status})

    async def get(
        self,
        tenant_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Tenant:
        """Get a tenant.

        A deprovisioned tenant is 404.

        Args:
            tenant_id: The tenant's id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_TENANT, tenant_id, if_none_match=if_none_match)

    async def update(
        self,
        tenant_id: str,
        *,
        name: str | None | Unset = UNSET,
        status: values.TenantStatus | Unset = UNSET,
        default_repository_id: str | None | Unset = UNSET,
        settings: inputs.TenantSettingsInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.Tenant:
        """Change a tenant.

        Needs scope `tenants:write`. A `default_repository_id` that is not attached to this tenant is 422 at
        `/default_repository_id`. From the answer to a suspension on, writes of conversations and messages and token exchange
        are 403 `tenant-suspended` for this tenant; everything else keeps working. New `settings` hold for what is created or
        leased afterwards. A body without members writes nothing.

        Args:
            tenant_id: The tenant's id.
            name: For people. At most 255 characters.
            status: A suspended tenant takes no writes of conversations and messages, and gets no tokens. Later versions may add
                values.
            default_repository_id: A repository that is attached to this tenant, or `null` (or empty) for none.
            settings: Settings to store, as a whole. Members that are missing take their default, whatever they were before.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.UPDATE_TENANT, tenant_id, body={"name": name, "status": status, "default_repository_id": default_repository_id, "settings": settings, "metadata": metadata}, if_match=if_match)

    async def delete(
        self,
        tenant_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Delete an unused tenant.

        Needs scope `tenants:write`. Guarded: 409 `resource-in-use` while the tenant has attachments, users or roles, naming one
        repository, user or role by its id. A body is ignored.

        Args:
            tenant_id: The tenant's id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.DELETE_TENANT, tenant_id, if_match=if_match)

    async def get_by_external_id(
        self,
        external_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Tenant:
        """Get a tenant by its external id.

        An ill-formed external id is 404, as an absent one.

        Args:
            external_id: The integration's own id of the tenant, percent-encoded: `acme%3Atenant%3A1` is `acme:tenant:1`, `%2F` is
                a slash inside the id. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or
                `..`, which clients remove from a path. Ill-formed: 422 at `/path/external_id` for PUT, 404 for GET and DELETE.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_TENANT_BY_EXTERNAL_ID, external_id, if_none_match=if_none_match)

    async def upsert(
        self,
        external_id: str,
        *,
        name: str | None | Unset = UNSET,
        default_repository_id: str | None | Unset = UNSET,
        settings: inputs.TenantSettingsInput | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> models.Tenant:
        """Create or change a tenant by its external id.

        Needs scope `tenants:write`. Creates the tenant where it does not exist, else merges. Safe to call on every request: an
        upsert that changes nothing writes nothing, parallel first calls make one tenant, and it is never 409.
        It never reactivates: a suspended tenant comes back suspended. `If-Match` is 412 where the tenant
        does not exist, `If-None-Match: *` where it does. A `default_repository_id` that is not attached is 422, so a new tenant
        takes none but `null`.

        Args:
            external_id: The integration's own id of the tenant, percent-encoded: `acme%3Atenant%3A1` is `acme:tenant:1`, `%2F` is
                a slash inside the id. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or
                `..`, which clients remove from a path. Ill-formed: 422 at `/path/external_id` for PUT, 404 for GET and DELETE.
            name: For people. At most 255 characters.
            default_repository_id: A repository that is attached to this tenant, or `null` (or empty) for none.
            settings: Settings to store, as a whole. Members that are missing take their default, whatever they were before.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
            if_none_match: `*` only: create, and answer 412 where there is one already.
        """
        return await self._call(api.UPSERT_TENANT_BY_EXTERNAL_ID, external_id, body={"name": name, "default_repository_id": default_repository_id, "settings": settings, "metadata": metadata}, if_match=if_match, if_none_match=if_none_match)

    async def delete_by_external_id(
        self,
        external_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Deprovision a tenant.

        Needs scope `tenants:write`. Unguarded: the tenant and all below it are 404 at once and its external id is free at once;
        what hangs below is removed afterwards. A repeat is 404. A body is ignored.

        Args:
            external_id: The integration's own id of the tenant, percent-encoded: `acme%3Atenant%3A1` is `acme:tenant:1`, `%2F` is
                a slash inside the id. White space around it is removed; then 1 to 255 characters without `?`, and not `.` or
                `..`, which clients remove from a path. Ill-formed: 422 at `/path/external_id` for PUT, 404 for GET and DELETE.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.DELETE_TENANT_BY_EXTERNAL_ID, external_id, if_match=if_match)
