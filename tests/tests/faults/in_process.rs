//! What cannot be done to a whole process: a clock that is wrong (I7).

use super::{app, integration};
use tenancy::domain::Error;
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::tenant::{NewTenant, TenantPatch};
use tenancy::store::{Once, Store};

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
