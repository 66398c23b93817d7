"""Tenants, with names for what an update or a deletion means."""

from agentrouter_sdk._generated import models
from agentrouter_sdk._generated.asynchronous import tenants


class Tenants(tenants.Tenants):
    """The tenants of one customer. For integrations."""

    async def suspend(self, tenant_id: str, *, if_match: str | None = None) -> models.Tenant:
        """Suspend a tenant: from the answer on its conversations take no writes, and its users get no tokens."""
        return await self.update(tenant_id, status="suspended", if_match=if_match)

    async def activate(self, tenant_id: str, *, if_match: str | None = None) -> models.Tenant:
        """End a suspension."""
        return await self.update(tenant_id, status="active", if_match=if_match)

    async def deprovision(self, external_id: str, *, if_match: str | None = None) -> None:
        """Delete a tenant and everything below it: another name of `delete_by_external_id`."""
        return await self.delete_by_external_id(external_id, if_match=if_match)
