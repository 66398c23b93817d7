//! Work that is dropped half-way, wherever it waits: it leaves all or nothing, and can be repeated (I11).

use super::{app, first_read, integration, update_tenant};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tenancy::domain::attachment::AttachmentPatch;
use tenancy::domain::customer::{Customer, CustomerName, NewCustomer, Slug};
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::key::{NewKey, Rotation};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::principal::{KeyKind, Operator, Scopes};
use tenancy::domain::repository::{NewRepository, Provider, RepositoryPatch};
use tenancy::domain::secret::{Claim, Root};
use tenancy::domain::tenant::{ExternalId, NewTenant, TenantPatch};
use tenancy::domain::{Error, RepositoryId, Result, TenantId};
use tenancy::store::{CustomerLookup, EarlierRequest, FirstRead, IdempotentRequest, Principal, Store, Upsert};
use tests::history::check_invariants;
use tests::{App, Value};

/// Lets `work` wait so often, and then drops it; what it came to, where it ended before.
async fn dropped_after<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), waits);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Work of one kind, each time on something new: dropped at its first wait, at its second, and so on, until it ends by
/// itself three times running. What was dropped is done again, as by a caller who heard nothing. It needs at least so many
/// requests, one after the other, and waits for each of them. Tells how often it was done.
async fn drop_at_every_wait<P, T>(
    kind: &str,
    requests: usize,
    prepare: impl AsyncFn(usize) -> P,
    work: impl AsyncFn(&P) -> Result<T>,
) -> usize {
    let (mut dropped, mut ended) = (0, 0);
    let mut waits = 0;
    while ended < 3 {
        let place = prepare(waits).await;
        let outcome = match dropped_after(waits, work(&place)).await {
            Some(outcome) => {
                ended += 1;
                outcome
            }
            None => {
                (dropped, ended) = (dropped + 1, 0);
                work(&place).await
            }
        };
        assert!(outcome.is_ok(), "{kind} after {waits} waits: {:?}", outcome.err());
        waits += 1;
    }
    assert!(dropped >= requests, "{kind} was dropped {dropped} times only");
    waits
}

/// A second removal finds nothing, and that is as well.
fn gone(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(Error::NotFound) => Ok(()),
        outcome => outcome,
    }
}

fn once(operation: &str, key: impl ToString) -> IdempotentRequest {
    let key = IdempotencyKey::parse(&key.to_string()).unwrap();
    IdempotentRequest::new(&key, operation, Fingerprint::new(None))
}

/// What was dropped may still be on its way to the store: the table at rest.
async fn expect_at_rest(app: &App, check: impl Fn(&[Value]) -> std::result::Result<(), String>) {
    let started = Instant::now();
    loop {
        app.sweep().await.unwrap();
        let items = app.items().await;
        match check_invariants(&items).and_then(|()| check(&items)) {
            Ok(()) => break,
            Err(fault) => assert!(started.elapsed() < Duration::from_secs(5), "{fault}"),
        }
    }
}

/// So many items of an entity.
fn expect_items(items: &[Value], entity: &str, expected: usize) -> std::result::Result<(), String> {
    let count = items.iter().filter(|item| item["type"]["S"] == entity).count();
    if count == expected { Ok(()) } else { Err(format!("{count} of {entity}, not {expected}")) }
}

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

/// A handle with the time of a request.
fn fresh(store: &Store) -> Store {
    store.for_request(store.now(), None)
}

fn new_tenant(name: &str) -> NewTenant {
    let external_id = Some(ExternalId::parse(name).unwrap());
    NewTenant { name: None, external_id, settings: Default::default(), metadata: Default::default() }
}

#[tokio::test]
async fn work_on_tenants_that_is_dropped_leaves_all_or_nothing_and_can_be_repeated() {
    let (app, key) = app().await;
    let repository = app.new_repository(&key, "r").await;
    let repository = RepositoryId::parse(repository["id"].as_str().unwrap()).unwrap();
    let (store, any) = (&app.direct_store(), IfMatch::default());
    let caller = integration(store, &key).await;
    let root = caller.root();
    let read = async |tenant: TenantId| {
        first_read(&fresh(store), &key, FirstRead::tenant_with_attachments(root, tenant)).await
    };
    let holder = async |name: &ExternalId| first_read(&fresh(store), &key, FirstRead::holder(root, name)).await;
    let create = async |new: NewTenant, once: Option<IdempotentRequest>| {
        fresh(store).create_tenant(&caller, new, once.as_ref()).await.map(|made| made.value.id)
    };
    let created = async |name: String| create(new_tenant(&name), None).await.unwrap();
    let attach = async |tenant: TenantId, patch: AttachmentPatch| {
        let first = FirstRead::tenant_and_repository(root, tenant, repository);
        let found = first_read(&fresh(store), &key, first).await?;
        fresh(store).attach_tenant_repository(&caller, found, &patch).await
    };
    let attached = async |name: String| {
        let tenant = created(name).await;
        attach(tenant, AttachmentPatch::default()).await.unwrap();
        tenant
    };
    let patch = TenantPatch { name: Some(Some("a".to_owned())), ..TenantPatch::default() };

    let kept = [
        drop_at_every_wait(
            "create",
            1,
            async |n| format!("create-{n}"),
            async |name| create(new_tenant(name), Some(once("createTenant", name))).await,
        )
        .await,
        drop_at_every_wait(
            "upsert",
            2,
            async |n| ExternalId::parse(&format!("upsert-{n}")).unwrap(),
            async |name| {
                let upsert = Upsert { external_id: name, patch: &patch, if_match: &any, must_be_new: false };
                fresh(store).upsert_tenant_by_external_id(&caller, &upsert, holder(name).await?).await
            },
        )
        .await,
        drop_at_every_wait(
            "update",
            2,
            async |n| created(format!("update-{n}")).await,
            async |tenant| update_tenant(&fresh(store), &key, *tenant, &patch, &any).await,
        )
        .await,
        drop_at_every_wait(
            "attach",
            2,
            async |n| created(format!("attach-{n}")).await,
            async |tenant| {
                attach(*tenant, AttachmentPatch { is_default: Some(true), ..AttachmentPatch::default() }).await
            },
        )
        .await,
        drop_at_every_wait(
            "detach",
            2,
            async |n| attached(format!("detach-{n}")).await,
            async |tenant| {
                let tenant = read(*tenant).await?;
                gone(fresh(store).detach_tenant_repository(&caller, tenant, repository).await)
            },
        )
        .await,
    ];
    drop_at_every_wait(
        "delete",
        2,
        async |n| created(format!("delete-{n}")).await,
        async |tenant| gone(fresh(store).delete_tenant(&caller, read(*tenant).await?, &any).await),
    )
    .await;
    let prepare = async |n| {
        attached(format!("deprovision-{n}")).await;
        ExternalId::parse(&format!("deprovision-{n}")).unwrap()
    };
    drop_at_every_wait("deprovision", 3, prepare, async |name| {
        gone(fresh(store).delete_tenant_by_external_id(&caller, name, holder(name).await?, &any).await)
    })
    .await;
    expect_at_rest(&app, |items| {
        expect_items(items, "tenant", kept.iter().sum())?;
        expect_items(items, "record", kept[0])?;
        expect_items(items, "attachment", kept[3])
    })
    .await;
}

#[tokio::test]
async fn work_on_repositories_that_is_dropped_leaves_all_or_nothing_and_can_be_repeated() {
    let (app, key) = app().await;
    let (store, any) = (&app.direct_store(), IfMatch::default());
    let caller = integration(store, &key).await;
    let register = async |name: &str, once: Option<IdempotentRequest>| {
        let new = NewRepository {
            name: name.to_owned(),
            repo_url: "https://example.com/r".to_owned(),
            branch: "main".to_owned(),
            provider: Provider::Generic,
            credential_id: None,
            metadata: Default::default(),
        };
        fresh(store).register_repository(&caller, new, once.as_ref()).await.map(|made| made.value.id)
    };
    let registered = async |name: String| register(&name, None).await.unwrap();
    let read = async |id: RepositoryId| first_read(&fresh(store), &key, FirstRead::repository(caller.root(), id)).await;

    let kept = [
        drop_at_every_wait(
            "register",
            1,
            async |n| format!("register-{n}"),
            async |name| register(name, Some(once("registerRepository", name))).await,
        )
        .await,
        drop_at_every_wait(
            "rename",
            2,
            async |n| (registered(format!("old-{n}")).await, format!("new-{n}")),
            async |(id, name)| {
                let patch = RepositoryPatch { name: Some(name.clone()), ..RepositoryPatch::default() };
                fresh(store).update_repository(&caller, read(*id).await?, &patch, &any).await
            },
        )
        .await,
    ];
    drop_at_every_wait(
        "delete",
        2,
        async |n| registered(format!("delete-{n}")).await,
        async |id| gone(fresh(store).delete_repository(&caller, read(*id).await?, &any).await),
    )
    .await;
    expect_at_rest(&app, |items| {
        expect_items(items, "repository", kept.iter().sum())?;
        expect_items(items, "repository_name", kept.iter().sum())?;
        expect_items(items, "record", kept[0])?;
        let old = |item: &Value| item["pk"]["S"].as_str().is_some_and(|key| key.contains("#N#old-"));
        if items.iter().any(old) { Err("an old name is left".to_owned()) } else { Ok(()) }
    })
    .await;
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
    let operator = match store.authenticate(&Claim::parse(&app.operator_key).unwrap()).await {
        Ok(Principal::Operator(operator)) => operator,
        other => panic!("not an operator: {other:?}"),
    };
    let read = async |customer: &Customer, once: Option<&IdempotentRequest>| {
        let first = customer_and_record(&operator, customer, once);
        first_read(&fresh(store), &app.operator_key, first).await
    };
    let create = async |name: &str, once: Option<IdempotentRequest>| {
        let customer_id = Slug::parse(name).unwrap();
        let new = NewCustomer { customer_id, display_name: None, description: None, labels: Default::default() };
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
