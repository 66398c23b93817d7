// The methods that are not one operation with its body: customers with the signatures of AgentRouter's clients, and short forms.
import { CustomersGroup, TenantsGroup } from './generated/groups.js';
import type { Customer, CustomerCreation, CustomerPage, Query, Tenant } from './generated/types.js';
import type { CallOptions, CreateOptions, WriteOptions } from './options.js';
import { type All, type Rows, rows } from './pages.js';

/** One page of customers. `page.nextPageToken` is empty at the end. */
export type ListCustomersResponse = CustomerPage;

type WireQuery = Query<'listCustomers'>;

/** Which customers a list shows, and how. A `filter` has the names of the wire: `state = active AND labels.tier = "gold"`. */
export type ListCustomersQuery = { [Key in keyof WireQuery as Key extends `page.${infer Name}` ? Name : never]: WireQuery[Key] };

/** The labels and the limits of a customer, each of which is replaced as a whole. */
export type CustomerMembers = Pick<CustomerCreation, 'labels' | 'limits'>;

/** Customers of an operator. A `customerId` is the slug or the `cust_` id. */
export class Customers extends CustomersGroup {
  /** Creates a customer; `undefined` leaves a member out. A taken slug is refused with `NameConflict`. */
  create(customerId: string, displayName?: string | null, description?: string | null, options: CreateOptions & CustomerMembers = {}): Promise<Customer> {
    return this.call('createCustomer', { body: { customerId, displayName, description, labels: options.labels, limits: options.limits } }, options);
  }

  /** Changes a customer: `undefined` leaves a member as it is, `null` clears it. */
  update(customerId: string, displayName?: string | null, description?: string | null, options: WriteOptions & CustomerMembers = {}): Promise<Customer> {
    return this.call('updateCustomer', { path: { customerId }, body: { displayName, description, labels: options.labels, limits: options.limits } }, options);
  }

  /** Gets one page of customers, which may be short or empty with more to come. */
  list(query: ListCustomersQuery = {}, options?: CallOptions): Promise<ListCustomersResponse> {
    return this.call('listCustomers', { query, prefix: 'page.' }, options);
  }

  /** List customers: iterates over the rows of all pages, each of which is read when it is needed. */
  listAll(query: All<ListCustomersQuery> = {}, options?: CallOptions): Rows<Customer> {
    return rows(async (pageToken) => {
      const { customers, page } = await this.list({ ...query, pageToken }, options);
      return { rows: customers, next: page.nextPageToken };
    });
  }
}

/** The tenants of one customer. For integrations. */
export class Tenants extends TenantsGroup {
  /** Suspends a tenant: its conversations take no writes, and it gets no tokens. */
  suspend(tenantId: string, options?: WriteOptions): Promise<Tenant> {
    return this.update(tenantId, { status: 'suspended' }, options);
  }

  /** Ends the suspension of a tenant. */
  activate(tenantId: string, options?: WriteOptions): Promise<Tenant> {
    return this.update(tenantId, { status: 'active' }, options);
  }

  /** Removes a tenant with everything below it: another name of `deleteByExternalId`. */
  deprovision(externalId: string, options?: WriteOptions): Promise<void> {
    return this.deleteByExternalId(externalId, options);
  }
}
