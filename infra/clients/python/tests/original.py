"""A program for AgentRouter's own client, by the signatures that it has. It runs unchanged with this package in its place."""

import sys

from agentrouter_sdk import Client, Customer, ListCustomersResponse

client = Client()  # AGENTROUTER_BASE_URL, AGENTROUTER_API_KEY
slug = sys.argv[1]

created: Customer = client.customers.create(slug, "Acme", "first")
assert (created.customer_id, created.display_name, created.description) == (slug, "Acme", "first")
assert client.customers.get(customer_id=slug) == created

listed: ListCustomersResponse = client.customers.list()
assert isinstance(listed.customers, list) and all(isinstance(row, Customer) for row in listed.customers)

updated = client.customers.update(customer_id=slug, display_name="Acme SE", description="second")
assert (updated.display_name, updated.description) == ("Acme SE", "second")
client.customers.update(slug, "Acme AG")
assert client.customers.get(slug).description == "second"

client.customers.archive(slug)

bare = Client(base_url=client.base_url, api_key=sys.argv[2])
assert bare.customers.create(customer_id=slug + "-2").display_name is None
bare.customers.archive(customer_id=slug + "-2")
print("done")
