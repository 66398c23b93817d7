# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on users."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Users(Group):
    """The users of tenants and the roles that they have. For integrations."""

    async def list(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        tenant_id: str | None = None,
        email: str | None = None,
        status: values.UserStatus | None = None,
    ) -> models.UserPage:
        """List users.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. Without `tenant_id` the
        list may be up to a second old; an unknown tenant gives an empty list.
        Under the `email` or `status` filter a page may be short or even empty with `has_more` true. A page ends early at 4 MiB or
        when the store is slow. Needs no scope.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed user id will do, whether or not it exists; empty is the same
                as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed user id will do; empty is the same as absent.
            tenant_id: Only users of this tenant.
            email: Only users with exactly this email.
            status: Only users with this status.
        """
        return await self._call(api.LIST_USERS, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "tenant_id": tenant_id, "email": email, "status": status})

    def list_all(
        self,
        *,
        limit: int | None = None,
        tenant_id: str | None = None,
        email: str | None = None,
        status: values.UserStatus | None = None,
    ) -> AsyncIterator[models.User]:
        """List users, all of them: iterates over the pages.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. Without `tenant_id` the
        list may be up to a second old; an unknown tenant gives an empty list.
        Under the `email` or `status` filter a page may be short or even empty with `has_more` true. A page ends early at 4 MiB or
        when the store is slow. Needs no scope.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            tenant_id: Only users of this tenant.
            email: Only users with exactly this email.
            status: Only users with this status.
        """
        return self._rows(api.LIST_USERS, models.User, query={"limit": limit, "tenant_id": tenant_id, "email": email, "status": status})

    async def get(
        self,
        user_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.User:
        """Get a user.

        A user of a deprovisioned tenant is 404. Needs no scope.

        Args:
            user_id: The user's id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_USER, user_id, if_none_match=if_none_match)

    async def update(
        self,
        user_id: str,
        *,
        email: str | None | Unset = UNSET,
        display_name: str | None | Unset = UNSET,
        status: values.UserStatus | Unset = UNSET,
        role_ids: Sequence[str] | Unset = UNSET,
        default_repository_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.User:
        """Change a user.

        Needs scope `users:write`. `role_ids` replaces the set: an unknown role is 422 at its item, a role of another tenant 409
        `cross-tenant`. A `default_repository_id` that is not attached to the tenant is 422 at that member.
        A suspended user gets no token, its tokens are 403 from the next request on, and no conversation is created for it. A body
        without members writes nothing.

        Args:
            user_id: The user's id.
            email: At most 320 characters, with an `@` that is neither first nor last. Empty means `null`.
            display_name: For people. At most 255 characters.
            status: A suspended user gets no token, and no conversation is created for it. Later versions may add values.
            role_ids: The user's roles, of its tenant. A set of at most 20, replaced as a whole.
            default_repository_id: A repository that is attached to the user's tenant, or `null` (or empty) for none.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.UPDATE_USER, user_id, body={"email": email, "display_name": display_name, "status": status, "role_ids": role_ids, "default_repository_id": default_repository_id, "metadata": metadata}, if_match=if_match)

    async def deactivate(
        self,
        user_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Suspend a user.

        Needs scope `users:write`. The same as a change of `status` to `suspended`; the user stays and can be activated again.
        Suspending it again is 204 again. A body is ignored.

        Args:
            user_id: The user's id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.DEACTIVATE_USER, user_id, if_match=if_match)

    async def assign_role(
        self,
        user_id: str,
        role_id: str,
    ) -> None:
        """Give a user a role.

        Needs scope `users:write`. 204 also where the user has the role already; then nothing is written. A role of another tenant
        is 409 `cross-tenant`. A user has at most 20 roles: one more is 422 (pointer `""`).
        `If-Match` is ignored. It takes no body; `{}` and `null` as `application/json` count as none.

        Args:
            user_id: The user's id.
            role_id: The role's id.
        """
        return await self._call(api.ASSIGN_USER_ROLE, user_id, role_id)

    async def unassign_role(
        self,
        user_id: str,
        role_id: str,
    ) -> None:
        """Take a role from a user.

        Needs scope `users:write`. 204 also where the user does not have the role; then nothing is written. A role of another
        tenant is 409 `cross-tenant`. `If-Match` and a body are ignored.

        Args:
            user_id: The user's id.
            role_id: The role's id.
        """
        return await self._call(api.UNASSIGN_USER_ROLE, user_id, role_id)

    async def get_by_external_id(
        self,
        tenant_id: str,
        external_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.User:
        """Get a user by its external id.

        An ill-formed external id is 404, as an absent one. Needs no scope.

        Args:
            tenant_id: The tenant's id.
            external_id: The integration's own id of the user, unique within the tenant, by the same rules as a tenant's:
                percent-encoded, without white space around it 1 to 255 characters without `?`, and not `.` or `..`. Ill-formed:
                422 at `/path/external_id` for PUT, 404 for GET.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_USER_BY_EXTERNAL_ID, tenant_id, external_id, if_none_match=if_none_match)

    async def upsert(
        self,
        tenant_id: str,
        external_id: str,
        *,
        email: str | None | Unset = UNSET,
        display_name: str | None | Unset = UNSET,
        role_ids: Sequence[str] | Unset = UNSET,
        default_repository_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> models.User:
        """Create or change a user by its external id.

        Needs scope `users:write`. Creates the user where it does not exist, else merges. Safe to call on every request: an upsert
        that changes nothing writes nothing, and parallel first calls make one user.
        It never reactivates: a suspended user comes back suspended. `If-Match` is 412 where the user does not exist,
        `If-None-Match: *` where it does.
        An unknown role is 422 at its item, a role of another tenant 409 `cross-tenant`. A `default_repository_id` that is not
        attached to the tenant is 422 at that member.

        Args:
            tenant_id: The tenant's id.
            external_id: The integration's own id of the user, unique within the tenant, by the same rules as a tenant's:
                percent-encoded, without white space around it 1 to 255 characters without `?`, and not `.` or `..`. Ill-formed:
                422 at `/path/external_id` for PUT, 404 for GET.
            email: At most 320 characters, with an `@` that is neither first nor last. Empty means `null`.
            display_name: For people. At most 255 characters.
            role_ids: The user's roles, of its tenant. A set of at most 20, replaced as a whole.
            default_repository_id: A repository that is attached to the user's tenant, or `null` (or empty) for none.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
            if_none_match: `*` only: create, and answer 412 where there is one already.
        """
        return await self._call(api.UPSERT_USER_BY_EXTERNAL_ID, tenant_id, external_id, body={"email": email, "display_name": display_name, "role_ids": role_ids, "default_repository_id": default_repository_id, "metadata": metadata}, if_match=if_match, if_none_match=if_none_match)
