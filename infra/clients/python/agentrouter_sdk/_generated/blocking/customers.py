# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""The operations on customers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agentrouter_sdk._generated import inputs, models, operations as api, values
from agentrouter_sdk._generated.blocking.group import Group
from agentrouter_sdk.unset import UNSET, Unset


class Customers(Group):
    """The roots of integrations. For operators."""

    def create(
        self,
        customer_id: str,
        display_name: str | None | Unset = UNSET,
        description: str | None | Unset = UNSET,
        *,
        labels: Mapping[str, str] | Unset = UNSET,
        limits: inputs.RequestLimitsInput | None | Unset = UNSET,
        idempotency_key: str | None = None,
    ) -> models.Customer:
        """Create a customer.

        Needs scope `customers:write`. A slug is unique among the operator's customers for ever, archived ones included; a taken
        one is 409 `name-conflict` with the holder's id.

        Args:
            customer_id: The operator's own name for a customer. 1 to 63 characters, a lower-case letter first, then lower-case
                letters, digits and hyphens, not ending in a hyphen. Immutable.
            display_name: For people. At most 255 characters.
            description: For people. At most 2,000 characters.
            labels: At most 64 labels. Keys are a lower-case letter and up to 62 of `a-z 0-9 _ . -`, values at most 63 characters.
                Replaced as a whole.
            limits: The limits of a customer's requests, replaced as a whole; `null` for none.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return self._call(api.CREATE_CUSTOMER, body={"customer_id": customer_id, "display_name": display_name, "description": description, "labels": labels, "limits": limits}, idempotency_key=idempotency_key)

    def list(
        self,
        *,
        page_size: int | None = None,
        page_token: str | None = None,
        filter: str | None = None,
        order_by: str | None = None,
        show_archived: bool | None = None,
    ) -> models.ListCustomersResponse:
        """List customers.

        Pages are full while more remain, but a page may be short or even empty, with a token, under a filter that rarely matches
        or among many archived customers, and it ends early at 4 MiB or when the store is slow.
        Only an empty `next_page_token` means the end.

        Args:
            page_size: At most this many customers, 1 to 1,000; 50 where absent.
            page_token: The `next_page_token` of the page before, with the same filter, order and `show_archived`; any other token
                is 422. Empty means the first page. Tokens do not expire.
            filter: A subset of AIP-160, at most 2,000 characters and 32 levels of parentheses; empty means all. Fields
                `customer_id`, `display_name`, `description`, `state`, `created_at`, `updated_at`, `archived_at`, `labels.KEY`;
                `=`, `!=`, `<`, `<=`, `>`, `>=`, `:`, `AND`, `OR` (binds tighter than `AND`), `NOT`, parentheses. `*` at the end
                of a string is a prefix match with `=`, `!=` and `:`; `field:*` is "is set". Timestamps are RFC 3339 with any
                offset. A comparison with an unset value is false. A fault is 422 at `/query/page.filter` with its offset and what
                is there.
            order_by: `customer_id` (where absent or empty; always current) or `created_at` (may lag a write by a second), each
                with an optional ` asc` (the default) or ` desc`.
            show_archived: Whether archived customers are listed too; `false` where absent.
        """
        return self._call(api.LIST_CUSTOMERS, query={"page_size": page_size, "page_token": page_token, "filter": filter, "order_by": order_by, "show_archived": show_archived})

    def list_all(
        self,
        *,
        page_size: int | None = None,
        filter: str | None = None,
        order_by: str | None = None,
        show_archived: bool | None = None,
    ) -> Iterator[models.Customer]:
        """List customers, all of them: iterates over the pages.

        Pages are full while more remain, but a page may be short or even empty, with a token, under a filter that rarely matches
        or among many archived customers, and it ends early at 4 MiB or when the store is slow.
        Only an empty `next_page_token` means the end.

        Args:
            page_size: At most this many customers, 1 to 1,000; 50 where absent.
            filter: A subset of AIP-160, at most 2,000 characters and 32 levels of parentheses; empty means all. Fields
                `customer_id`, `display_name`, `description`, `state`, `created_at`, `updated_at`, `archived_at`, `labels.KEY`;
                `=`, `!=`, `<`, `<=`, `>`, `>=`, `:`, `AND`, `OR` (binds tighter than `AND`), `NOT`, parentheses. `*` at the end
                of a string is a prefix match with `=`, `!=` and `:`; `field:*` is "is set". Timestamps are RFC 3339 with any
                offset. A comparison with an unset value is false. A fault is 422 at `/query/page.filter` with its offset and what
                is there.
            order_by: `customer_id` (where absent or empty; always current) or `created_at` (may lag a write by a second), each
                with an optional ` asc` (the default) or ` desc`.
            show_archived: Whether archived customers are listed too; `false` where absent.
        """
        return self._rows(api.LIST_CUSTOMERS, models.Customer, query={"page_size": page_size, "filter": filter, "order_by": order_by, "show_archived": show_archived})

    def get(
        self,
        customer_id: str,
        *,
        if_none_match: str | None = None,
    ) -> models.Customer:
        """Get a customer.

        An archived customer is 404.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            if_none_match: Answer 304 where the current ETag is one of these. A list of entity tags, or `*`.
        """
        return self._call(api.GET_CUSTOMER, customer_id, if_none_match=if_none_match)

    def update(
        self,
        customer_id: str,
        display_name: str | None | Unset = UNSET,
        description: str | None | Unset = UNSET,
        *,
        labels: Mapping[str, str] | Unset = UNSET,
        limits: inputs.RequestLimitsInput | None | Unset = UNSET,
        if_match: str | None = None,
    ) -> models.Customer:
        """Change a customer.

        Needs scope `customers:write`. A body without members, or with `customer_id` alone, writes nothing; any other is a write
        and moves `updated_at` and the ETag, even where the values were equal.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            display_name: For people. At most 255 characters.
            description: For people. At most 2,000 characters.
            labels: At most 64 labels. Keys are a lower-case letter and up to 62 of `a-z 0-9 _ . -`, values at most 63 characters.
                Replaced as a whole.
            limits: The limits of a customer's requests, replaced as a whole; `null` for none.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return self._call(api.UPDATE_CUSTOMER, customer_id, body={"display_name": display_name, "description": description, "labels": labels, "limits": limits}, if_match=if_match)

    def archive(
        self,
        customer_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Archive a customer.

        Needs scope `customers:write`. A soft delete: the customer is treated as missing until it is restored, its slug stays
        taken, and its keys and its whole subtree stop answering on the next request.
        A second archive is 404. A body is ignored.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            if_match: Write only where the current ETag is one of these; else 412. A list of entity tags, or `*` for any version.
                Weak tags never match.
        """
        return self._call(api.ARCHIVE_CUSTOMER, customer_id, if_match=if_match)

    def restore(
        self,
        customer_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> models.Customer:
        """Restore an archived customer.

        Needs scope `customers:write`. Everything below the customer comes back as it was, except keys that expired meanwhile.
        Restoring an active customer is 200 and writes nothing.
        It takes no body; `{}` and `null` as `application/json` count as none.

        Args:
            customer_id: The customer's slug or its `cust_` id.
            idempotency_key: Makes the call safe to repeat for 24 hours. 1 to 255 printable ASCII characters without a comma; a
                UUID will do. Another payload under the same key is 409 `idempotency-key-conflict`.
        """
        return self._call(api.RESTORE_CUSTOMER, customer_id, idempotency_key=idempotency_key)
