# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on repositories."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk.asynchronous.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Repositories(Group):
    """The customer's registry of Git repositories. For integrations."""

    async def register(
        self,
        name: str,
        repo_url: str,
        *,
        branch: str | Unset = UNSET,
        provider: values.RepositoryProvider | Unset = UNSET,
        credential_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Repository:
        """Register a repository.

        Needs scope `repositories:write`. Names are unique per customer; a taken one is 409 `name-conflict` with the holder's id.
        The URL is stored as sent and never fetched.

        Args:
            name: Unique per customer. 1 to 255 characters.
            repo_url: An absolute URI of at most 2,048 RFC 3986 characters. Scheme https, http, ssh or git; a host; a port up to
                65,535 if any; no fragment; no user or password, but ssh may name a user.
            branch: 1 to 255 characters. Default: main.
            provider: Where the repository is hosted. Default: generic.
            credential_id: What a scanner uses to sign in. Not looked up. Empty means `null`.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return await self._call(api.REGISTER_REPOSITORY, body={"name": name, "repo_url": repo_url, "branch": branch, "provider": provider, "credential_id": credential_id, "metadata": metadata}, idempotency_key=idempotency_key)

    async def list(
        self,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        name: str | None = None,
    ) -> models.RepositoryPage:
        """List repositories.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. With `name` the answer
        has at most one repository. A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed repository id will do, whether or not it exists; empty is
                the same as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed repository id will do; empty is the same as absent.
            name: Only the repository with exactly this name.
        """
        return await self._call(api.LIST_REPOSITORIES, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before, "name": name})

    def list_all(
        self,
        *,
        limit: int | None = None,
        name: str | None = None,
    ) -> AsyncIterator[models.Repository]:
        """List repositories, all of them: iterates over the pages.

        Newest first, by id. Give `starting_after` or `ending_before`; both are 400 `malformed-request`. With `name` the answer
        has at most one repository. A page ends early at 4 MiB or when the store is slow.

        Args:
            limit: At most this many rows, 1 to 100; 20 where absent.
            name: Only the repository with exactly this name.
        """
        return self._rows(api.LIST_REPOSITORIES, models.Repository, query={"limit": limit, "name": name})

    async def get(
        self,
        repository_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Repository:
        """Get a repository.

        Needs no scope.

        Args:
            repository_id: The repository's id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return await self._call(api.GET_REPOSITORY, repository_id, if_none_match=if_none_match)

    async def update(
        self,
        repository_id: str,
        *,
        name: str | Unset = UNSET,
        branch: str | Unset = UNSET,
        credential_id: str | None | Unset = UNSET,
        metadata: Mapping[str, str] | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.Repository:
        """Change a repository.

        Needs scope `repositories:write`. A changed branch or credential sets `sync.state` back to `pending`. A taken name is 409
        `name-conflict`. A body without members writes nothing.

        Args:
            repository_id: The repository's id.
            name: Unique per customer. 1 to 255 characters.
            branch: 1 to 255 characters.
            credential_id: What a scanner uses to sign in. Not looked up. Empty means `null`.
            metadata: At most 50 members. Keys have 1 to 40 characters, values at most 500. Replaced as a whole.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.UPDATE_REPOSITORY, repository_id, body={"name": name, "branch": branch, "credential_id": credential_id, "metadata": metadata}, if_match=if_match)

    async def delete(
        self,
        repository_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Delete a repository.

        Needs scope `repositories:write`. 409 `resource-in-use` naming one tenant while it is attached anywhere; after a
        deprovision that may last until the tenant's remains are removed. A body is ignored.

        Args:
            repository_id: The repository's id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return await self._call(api.DELETE_REPOSITORY, repository_id, if_match=if_match)
