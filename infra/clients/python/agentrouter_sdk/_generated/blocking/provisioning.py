# Generated from infra/openapi.yaml by `cargo xtask clients python`. Do not edit.
"""Tenants, with names for what an update or a deletion means."""

from agentrouter_sdk._generated import models
from agentrouter_sdk._generated.blocking import tenants


class Tenants(tenants.Tenants):
    """The tenants of one customer. For integrations."""

    def suspend(self, tenant_id: str, *, if_match: str | None = None) -> models.Tenant:
        """Suspend a tenant: from the answer on its conversations take no writes, and its users get no tokens."""
        return self.update(tenant_id, status="suspended", if_match=if_match)

    def activate(self, tenant_id: str, *, if_match: str | None = None) -> models.Tenant:
        """End a suspension."""
        return self.update(tenant_id, status="active", if_match=if_match)

    def deprovision(self, external_id: str, *, if_match: str | None = None) -> None:
        """Delete a tenant and everything below it: another name of `delete_by_external_id`."""
        return self.delete_by_external_id(external_id, if_match=if_match)
