// The client: its groups of operations share one connection.
import { Attachments, Conversations, Integration, Keys, Messages, Repositories, Roles, Service, Tokens, Users } from './generated/groups.js';
import { Customers, Tenants } from './groups.js';
import type { ClientOptions } from './options.js';
import { Transport } from './transport.js';

/** A client of the API with one credential. It may be shared, and need not be closed. */
export class Client {
  /** Customers of an operator. */
  readonly customers: Customers;
  /** API keys of a customer's integration. For operators. */
  readonly keys: Keys;
  /** Who the calling integration key is. */
  readonly integration: Integration;
  /** The tenants of one customer. */
  readonly tenants: Tenants;
  /** The customer's registry of Git repositories. */
  readonly repositories: Repositories;
  /** Which repositories a tenant uses, and which of them is its default. */
  readonly attachments: Attachments;
  /** The users of tenants and the roles that they have. */
  readonly users: Users;
  /** The roles of a tenant. */
  readonly roles: Roles;
  /** Tokens of end users. */
  readonly tokens: Tokens;
  /** The conversations of users. */
  readonly conversations: Conversations;
  /** The messages of conversations. */
  readonly messages: Messages;
  /** The service itself: public operations, which need no key. */
  readonly service: Service;

  /** Nothing is sent yet. */
  constructor(options: ClientOptions = {}) {
    const transport = new Transport(options);
    this.customers = new Customers(transport);
    this.keys = new Keys(transport);
    this.integration = new Integration(transport);
    this.tenants = new Tenants(transport);
    this.repositories = new Repositories(transport);
    this.attachments = new Attachments(transport);
    this.users = new Users(transport);
    this.roles = new Roles(transport);
    this.tokens = new Tokens(transport);
    this.conversations = new Conversations(transport);
    this.messages = new Messages(transport);
    this.service = new Service(transport);
  }
}
