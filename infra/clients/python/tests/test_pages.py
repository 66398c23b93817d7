"""Lists: one page, and all of them, in both styles that the API has."""

from conftest import unique

from agentrouter_sdk import Client, models


def test_pages_of_customers_have_tokens(operator: Client) -> None:
    label = unique("x")
    slugs = sorted(operator.customers.create(unique(), labels={"run": label}).customer_id for _ in range(5))
    chosen = f"labels.run = {label}"
    first = operator.customers.list(filter=chosen, page_size=2)
    assert [row.customer_id for row in first.customers] == slugs[:2] and first.page.next_page_token
    second = operator.customers.list(filter=chosen, page_size=2, page_token=first.page.next_page_token)
    assert [row.customer_id for row in second.customers] == slugs[2:4]
    assert [row.customer_id for row in operator.customers.list_all(filter=chosen, page_size=2)] == slugs
    operator.customers.archive(slugs[0])
    assert [row.customer_id for row in operator.customers.list_all(filter=chosen, page_size=1, order_by="customer_id desc")] == slugs[:0:-1]
    assert len(list(operator.customers.list_all(filter=chosen, page_size=1, show_archived=True))) == 5
    assert list(operator.customers.list_all(filter="customer_id = none-at-all")) == []


def test_pages_of_tenants_have_cursors(operator: Client, client: Client, tenant: models.Tenant) -> None:
    roles = [client.roles.create(tenant.id, f"role {number}").id for number in range(5)]
    page = client.roles.list(tenant.id, limit=2)
    assert ([row.id for row in page.data], page.has_more, page.next_cursor) == (roles[:2:-1], True, roles[3])
    assert [row.id for row in client.roles.list(tenant.id, ending_before=roles[0]).data] == roles[:0:-1]
    assert [row.id for row in client.roles.list_all(tenant.id, limit=2)] == roles[::-1]
    assert [row.id for row in client.roles.list_all(tenant.id, name="role 3")] == [roles[3]]
    rows = client.roles.list_all(tenant.id, limit=1)
    assert next(rows).id == roles[4]


def test_pages_of_messages_follow_their_order(client: Client, tenant: models.Tenant) -> None:
    user = client.users.upsert(tenant.id, "jane")
    conversation = client.conversations.create(user.id)
    for number in range(5):
        client.messages.create(conversation.id, str(number))
    assert [row.content for row in client.messages.list_all(conversation.id, limit=2)] == list("01234")
    assert [row.content for row in client.messages.list_all(conversation.id, limit=2, order="desc")] == list("43210")
