# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on attachments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Attachments(Group):
    """Which repositories a tenant uses, and which of them is its default. For integrations."""

    def list(
        self,
        tenant_id: str,
        *,
        limit: int | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> models.AttachmentPage:
        """List a tenant's repositories.

        The attachments, each with its repository: newest repository first, by repository id, whenever it was attached. Give
        `starting_after` or `ending_before`; both are 400 `malformed-request`. A page ends early at 4 MiB.

        Args:
            tenant_id: The tenant's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
            starting_after: Rows after this position. Any well-formed repository id will do, whether or not it exists; empty is
                the same as absent.
            ending_before: Rows before this position, in list order; `has_more` and `next_cursor` then speak of the rows before
                them. Any well-formed repository id will do; empty is the same as absent.
        """
        return self._call(api.LIST_TENANT_REPOSITORIES, tenant_id, query={"limit": limit, "starting_after": starting_after, "ending_before": ending_before})

    def list_all(
        self,
        tenant_id: str,
        *,
        limit: int | None = None,
    ) -> Iterator[models.Attachment]:
        """List a tenant's repositories, all of them: iterates over the pages.

        The attachments, each with its repository: newest repository first, by repository id, whenever it was attached. Give
        `starting_after` or `ending_before`; both are 400 `malformed-request`. A page ends early at 4 MiB.

        Args:
            tenant_id: The tenant's id.
            limit: At most this many rows, 1 to 100; 20 where absent.
        """
        return self._rows(api.LIST_TENANT_REPOSITORIES, models.Attachment, tenant_id, query={"limit": limit})

    def attach(
        self,
        tenant_id: str,
        repository_id: str,
        *,
        is_default: bool | Unset = UNSET,
        branch_override: str | None | Unset = UNSET,
    ) -> models.Attachment:
        """Attach a repository to a tenant.

        Needs scope `tenants:write`. Attaches, or changes the attachment: omitted members stay, and a call that changes nothing
        writes nothing. A tenant has at most 100 attachments (one more is 422, pointer `""`)
        and at most one default. `If-Match` is ignored.

        Args:
            tenant_id: The tenant's id.
            repository_id: The repository's id.
            is_default: `true` makes it the tenant's default in place of another; `false` clears the default where it is this one.
            branch_override: The branch for this tenant, at most 255 characters; `null` for the repository's own.
        """
        return self._call(api.ATTACH_TENANT_REPOSITORY, tenant_id, repository_id, body={"is_default": is_default, "branch_override": branch_override})

    def detach(
        self,
        tenant_id: str,
        repository_id: str,
    ) -> None:
        """Detach a repository from a tenant.

        Needs scope `tenants:write`. 409 `resource-in-use` naming the tenant while the repository is its default, or a user or
        role that names the repository. `If-Match` and a body are ignored.

        Args:
            tenant_id: The tenant's id.
            repository_id: The repository's id.
        """
        return self._call(api.DETACH_TENANT_REPOSITORY, tenant_id, repository_id)
