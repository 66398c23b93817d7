//! Work that is dropped half-way, wherever it waits: it leaves all or nothing, and can be repeated (I11).

mod customers;

use super::{app, first_read, integration, update_tenant};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tenancy::domain::attachment::AttachmentPatch;
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::repository::{NewRepository, Provider, RepositoryPatch};
use tenancy::domain::tenant::{ExternalId, NewTenant, TenantPatch};
use tenancy::domain::{Error, RepositoryId, Result, TenantId};
use tenancy::store::{FirstRead, IdempotentRequest, Store, Upsert};
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
/// requests, one after the other, and waits for each of them. Returns how often it was done.
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
