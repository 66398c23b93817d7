//! What cannot be done to a whole process: a clock that is wrong, and work that is dropped half-way (I7, I11).

use super::{app, integration};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::repository::AttachmentPatch;
use tenancy::domain::tenant::{ExternalId, NewTenant, TenantPatch};
use tenancy::domain::{Error, RepositoryId};
use tenancy::store::{Once, Store};
use tests::Value;
use tests::history::check_invariants;

const HOUR: i64 = 3_600_000;

/// A handle whose clock is so many milliseconds ahead.
fn ahead(store: &Store, milliseconds: i64) -> Store {
    store.for_request(store.now().plus_milliseconds(milliseconds), None)
}

fn if_match(version: u64) -> IfMatch {
    IfMatch { versions: Some(vec![version]), is_given: true }
}

fn named(name: &str) -> TenantPatch {
    TenantPatch { name: Some(Some(name.to_owned())), ..TenantPatch::default() }
}

fn new_tenant() -> NewTenant {
    NewTenant { name: None, external_id: None, settings: Default::default(), metadata: Default::default() }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_moves_its_own_times_only() {
    let (app, key) = app().await;
    let store = app.direct_store();
    let caller = integration(&store, &key).await;
    for offset in [-HOUR, HOUR] {
        let odd = ahead(&store, offset);
        let made = async |store: &Store| store.create_tenant(&caller, new_tenant(), None).await.unwrap().value.id;
        let (first, of_the_odd, second) = (made(&store).await, made(&odd).await, made(&ahead(&store, 1)).await);
        assert!(first < second, "the order of the others");
        assert_eq!(of_the_odd > second, offset > 0);
        // Versions and conditions do not look at the clock.
        let version = async |store: &Store, name: &str, condition: IfMatch| {
            store.update_tenant(&caller, first, &named(name), &condition).await.map(|tenant| tenant.version)
        };
        assert_eq!(version(&odd, "b", if_match(1)).await.unwrap(), 2);
        assert_eq!(version(&store, "c", if_match(2)).await.unwrap(), 3);
        assert_eq!(version(&odd, "d", IfMatch::default()).await.unwrap(), 4);
        assert!(matches!(version(&store, "e", if_match(3)).await, Err(Error::PreconditionFailed)));
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_by_clocks_that_differ_by_minutes() {
    let (app, key) = app().await;
    let store = app.direct_store();
    let caller = integration(&store, &key).await;
    let once = Once {
        key: IdempotencyKey::parse("once").unwrap(),
        operation: "createTenant",
        fingerprint: Fingerprint::new(None),
    };
    let made = async |offset: i64| {
        let made = ahead(&store, offset).create_tenant(&caller, new_tenant(), Some(&once)).await.unwrap();
        (made.value.id, made.replayed)
    };
    let (first, _) = made(0).await;
    for offset in [-HOUR / 12, HOUR / 12, 23 * HOUR + HOUR / 2] {
        assert_eq!(made(offset).await, (first, true), "{offset}");
    }
    let (second, replayed) = made(24 * HOUR + HOUR / 10).await;
    assert!(second != first && !replayed);
}

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

#[tokio::test]
async fn work_that_is_dropped_anywhere_leaves_all_or_nothing_and_can_be_repeated() {
    let (app, key) = app().await;
    let repository = app.new_repository(&key, "r").await;
    let repository = RepositoryId::parse(repository["id"].as_str().unwrap()).unwrap();
    let store = app.direct_store();
    let caller = integration(&store, &key).await;
    let (root, any) = (caller.root(), IfMatch::default());
    let patch = AttachmentPatch { is_default: Some(true), ..AttachmentPatch::default() };
    let mut ended = 0;
    for waits in 0.. {
        let external_id = ExternalId::parse(&format!("t{waits}")).unwrap();
        let name = named("a");
        let upsert = async || {
            let found = store.find_by_external_id(root, &external_id).await?;
            store.upsert_tenant_by_external_id(&caller, &external_id, found, &name, &any, false).await
        };
        let attach = async || {
            let (tenant, _) = upsert().await.unwrap();
            let pair = store.pair(root, tenant.id, repository).await.unwrap();
            store.attach_tenant_repository(&caller, tenant.id, pair, &patch).await.unwrap();
        };
        let deprovision = || store.delete_tenant_by_external_id(&caller, &external_id, &any);
        let all = [dropped_after(waits, upsert()).await.is_some(), dropped_after(waits, attach()).await.is_some(), {
            attach().await;
            dropped_after(waits, deprovision()).await.is_some()
        }];
        assert!(matches!(deprovision().await, Ok(()) | Err(Error::NotFound)));
        ended = if all == [true; 3] { ended + 1 } else { 0 };
        if ended == 3 {
            assert!(waits > 6, "that was too quick: {waits}");
            break;
        }
    }
    // What was dropped may still be on its way to the store.
    let started = Instant::now();
    loop {
        app.sweep().await.unwrap();
        match check_invariants(&app.items().await) {
            Ok(()) => break,
            Err(fault) => assert!(started.elapsed() < Duration::from_secs(5), "{fault}"),
        }
    }
    assert_eq!(app.items_of("tenant").await, [] as [Value; 0]);
}
