package agentrouter

// What is not an operation of its own: the signatures of AgentRouter's own client, and helpers.

import (
	"context"

	"github.com/tetrateio/agentrouter-go/tenancyv1"
)

// Tenancy has the operations on customers with the signatures of AgentRouter's own client. Customers has more of them, with options.
type Tenancy Client

// Tenancy returns the operations on customers with the signatures of AgentRouter's own client.
func (c *Client) Tenancy() *Tenancy { return (*Tenancy)(c) }

// Create creates a customer. An empty display name or description is unset.
func (t *Tenancy) Create(ctx context.Context, customerID, displayName, description string) (*tenancyv1.Customer, error) {
	body := tenancyv1.CustomerCreation{CustomerId: customerID, DisplayName: Value(displayName), Description: Value(description)}
	return (*Customers)(t).Create(ctx, body)
}

// Get reads a customer by its customer id or its cust_ id.
func (t *Tenancy) Get(ctx context.Context, customerID string) (*tenancyv1.Customer, error) {
	return (*Customers)(t).Get(ctx, customerID)
}

// List returns all customers. It reads every page, because its caller could not ask for the next one; Customers has List and All with options.
func (t *Tenancy) List(ctx context.Context) (*tenancyv1.ListCustomersResponse, error) {
	list := &tenancyv1.ListCustomersResponse{Customers: []tenancyv1.Customer{}}
	for customer, err := range (*Customers)(t).All(ctx, &tenancyv1.ListCustomersParams{PageSize: Ptr(1000)}) {
		if err != nil {
			return nil, err
		}
		list.Customers = append(list.Customers, *customer)
	}
	return list, nil
}

// Update sets the display name and the description of a customer. An empty one is cleared.
func (t *Tenancy) Update(ctx context.Context, customerID, displayName, description string) (*tenancyv1.Customer, error) {
	body := tenancyv1.CustomerPatch{DisplayName: Value(displayName), Description: Value(description)}
	return (*Customers)(t).Update(ctx, customerID, body)
}

// Archive archives a customer: it is treated as missing until Customers().Restore.
func (t *Tenancy) Archive(ctx context.Context, customerID string) error {
	return (*Customers)(t).Archive(ctx, customerID)
}

// Suspend stops writes of the tenant's conversations and messages, and tokens for its users.
func (g *Tenants) Suspend(ctx context.Context, tenantID string, options ...CallOption) (*tenancyv1.Tenant, error) {
	return g.Update(ctx, tenantID, tenancyv1.TenantPatch{Status: Ptr(tenancyv1.TenantStatusSuspended)}, options...)
}

// Activate ends a suspension.
func (g *Tenants) Activate(ctx context.Context, tenantID string, options ...CallOption) (*tenancyv1.Tenant, error) {
	return g.Update(ctx, tenantID, tenancyv1.TenantPatch{Status: Ptr(tenancyv1.TenantStatusActive)}, options...)
}

// Deprovision removes the tenant and everything below it. It is another name of DeleteByExternalID.
func (g *Tenants) Deprovision(ctx context.Context, externalID string, options ...CallOption) error {
	return g.DeleteByExternalID(ctx, externalID, options...)
}
