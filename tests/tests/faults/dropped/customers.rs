//! Work on customers and their keys.

use super::{drop_at_every_wait, expect_at_rest, expect_items, fresh, gone, once};
use crate::faults::{app, first_read};
use std::collections::BTreeSet;
use tenancy::domain::Error;
use tenancy::domain::credential::Credential;
use tenancy::domain::customer::{Customer, CustomerName, NewCustomer, Slug};
use tenancy::domain::key::{NewKey, Rotation};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::principal::{KeyKind, Operator, Scopes};
use tenancy::domain::secret::Root;
use tenancy::store::{CustomerLookup, EarlierRequest, FirstRead, IdempotentRequest, Principal};
use tests::Value;

fn named(customer: &Customer) -> CustomerName {
    CustomerName::Slug(customer.customer_id.clone())
}

/// The customer that a path names, and what was done under the key of a request.
fn customer_and_record(
    operator: &Operator,
    customer: &Customer,
    once: Option<&IdempotentRequest>,
) -> FirstRead<(CustomerLookup, EarlierRequest)> {
    let records = Root::Operator(operator.root().clone());
    FirstRead::customer_with_key_details(operator.root(), named(customer))
        .and(FirstRead::earlier_request(&records, once))
}

/// A customer and its root say the same, and each key is in both the root and the details: so many as the customer's name
/// says.
fn check_customers(items: &[Value]) -> std::result::Result<(), String> {
    let of = |entity: &'static str| items.iter().filter(move |item| item["type"]["S"] == entity);
    for customer in of("customer") {
        let slug = &customer["customer_id"]["S"];
        let root = of("root").find(|root| root["customer_id"]["S"] == *slug).ok_or("a customer has no root")?;
        if root["state"] != customer["state"] {
            return Err(format!("{slug} is {} and its root {}", customer["state"], root["state"]));
        }
        let details = of("key_details").find(|details| details["sk"]["S"] == *slug);
        let detailed: BTreeSet<String> = details
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, _)| name.strip_prefix('k').filter(|ulid| ulid.len() == 26).map(str::to_owned))
            .collect();
        let keys: BTreeSet<String> =
            root["keys"]["M"].as_object().into_iter().flatten().map(|(ulid, _)| ulid.clone()).collect();
        let expected = match slug.as_str().unwrap_or_default().split('-').next() {
            Some("rotate") => 2,
            Some("key" | "revoke" | "acme") => 1,
            _ => 0,
        };
        if keys != detailed || keys.len() != expected {
            return Err(format!("{slug} has the keys {keys:?}, and the details of {detailed:?}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn work_on_customers_that_is_dropped_leaves_all_or_nothing_and_can_be_repeated() {
    let (app, _) = app().await;
    let (store, any) = (&app.direct_store(), IfMatch::default());
    let operator = match store.authenticate(&Credential::parse(&app.operator_key, "").unwrap()).await {
        Ok(Principal::Operator(operator)) => operator,
        other => panic!("not an operator: {other:?}"),
    };
    let read = async |customer: &Customer, once: Option<&IdempotentRequest>| {
        let first = customer_and_record(&operator, customer, once);
        first_read(&fresh(store), &app.operator_key, first).await
    };
    let create = async |name: &str, once: Option<IdempotentRequest>| {
        let customer_id = Slug::parse(name).unwrap();
        let new = NewCustomer {
            customer_id,
            display_name: None,
            description: None,
            labels: Default::default(),
            limits: None,
        };
        fresh(store).create_customer(&operator, new, once.as_ref()).await.map(|made| made.value)
    };
    let created = async |name: String| create(&name, None).await.unwrap();
    let create_key = async |customer: &Customer, once: Option<IdempotentRequest>| {
        let scopes = Scopes::all(KeyKind::Integration);
        let new = NewKey { name: "a".to_owned(), scopes, expires_at: None };
        let (found, earlier) = read(customer, once.as_ref()).await?;
        let made = fresh(store).create_key(&operator, found, earlier, &new, once.as_ref()).await?;
        Ok::<_, Error>(made.value.key.key_id)
    };
    let with_key = async |name: String| {
        let customer = created(name).await;
        let key = create_key(&customer, None).await.unwrap();
        (customer, key)
    };
    let archive =
        async |customer: &Customer| fresh(store).archive_customer(&operator, read(customer, None).await?.0, &any).await;

    let rounds = [
        drop_at_every_wait(
            "create",
            1,
            async |n| format!("create-{n}"),
            async |name| create(name, Some(once("createCustomer", name))).await,
        )
        .await,
        drop_at_every_wait(
            "createKey",
            3,
            async |n| created(format!("key-{n}")).await,
            async |customer| create_key(customer, Some(once("createKey", customer.id))).await,
        )
        .await,
        drop_at_every_wait(
            "rotateKey",
            3,
            async |n| with_key(format!("rotate-{n}")).await,
            async |(customer, key)| {
                let rotation = Rotation { overlap_seconds: 0, expires_at: None };
                let once = once("rotateKey", customer.id);
                let (found, earlier) = read(customer, Some(&once)).await?;
                fresh(store).rotate_key(&operator, found, earlier, *key, &rotation, Some(&once)).await
            },
        )
        .await,
        drop_at_every_wait(
            "revokeKey",
            2,
            async |n| with_key(format!("revoke-{n}")).await,
            async |(customer, key)| fresh(store).revoke_key(&operator, read(customer, None).await?.0, *key).await,
        )
        .await,
        drop_at_every_wait(
            "archive",
            2,
            async |n| created(format!("archive-{n}")).await,
            async |customer| gone(archive(customer).await),
        )
        .await,
        drop_at_every_wait(
            "restore",
            2,
            async |n| {
                let customer = created(format!("restore-{n}")).await;
                archive(&customer).await.unwrap();
                customer
            },
            async |customer| {
                let once = once("restoreCustomer", customer.id);
                let (found, earlier) = read(customer, Some(&once)).await?;
                fresh(store).restore_customer(&operator, found, earlier, Some(&once)).await
            },
        )
        .await,
    ];
    expect_at_rest(&app, |items| {
        // One more is there from the start, with its key.
        expect_items(items, "customer", 1 + rounds.iter().sum::<usize>())?;
        expect_items(items, "root", 1 + rounds.iter().sum::<usize>())?;
        check_customers(items)?;
        let archived = items.iter().filter(|item| item["type"]["S"] == "root" && item["state"]["S"] == "archived");
        if archived.count() == rounds[4] { Ok(()) } else { Err("not those are archived that should be".to_owned()) }
    })
    .await;
}
