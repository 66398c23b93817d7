//! What cannot be done to a whole process: a clock that is wrong (I7).

use super::{app, integration, others_change, until};
use local::proxy::FaultProxy;
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::tenant::{NewTenant, TenantPatch};
use tenancy::domain::{Error, TenantId};
use tenancy::store::{Once, Store};
use tests::{Action, App, Rule};

const HOUR: i64 = 3_600_000;

/// A handle whose clock is so many milliseconds ahead.
fn ahead(store: &Store, milliseconds: i64) -> Store {
    store.for_request(store.now().plus_milliseconds(milliseconds), None)
}

/// The version of a tenant, counted from 1.
fn nth_version(id: TenantId, nth: u64) -> u64 {
    id.first_version() + nth - 1
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
        let nth = |nth| nth_version(first, nth);
        assert_eq!(version(&odd, "b", if_match(nth(1))).await.unwrap(), nth(2));
        assert_eq!(version(&store, "c", if_match(nth(2))).await.unwrap(), nth(3));
        assert_eq!(version(&odd, "d", IfMatch::default()).await.unwrap(), nth(4));
        assert!(matches!(version(&store, "e", if_match(nth(3))).await, Err(Error::PreconditionFailed)));
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

/// A handle by way of a proxy of its own: what the app's proxy sees is a function's.
async fn behind_a_proxy(app: &App) -> (FaultProxy, Store) {
    let proxy = FaultProxy::start(app.store.url(), Vec::new()).await.unwrap();
    let store = app.store_by(proxy.url());
    (proxy, store)
}

/// A write remembers when it was made by its own clock, and others by theirs.
#[tokio::test]
async fn a_write_of_a_wrong_clock_that_was_overtaken_is_not_made_again() {
    let (app, key) = app().await;
    let (proxy, store) = behind_a_proxy(&app).await;
    let caller = integration(&store, &key).await;
    for offset in [-HOUR, 0, HOUR] {
        let store = ahead(&store, 0);
        let id = store.create_tenant(&caller, new_tenant(), None).await.unwrap().value.id;
        // Its answer is lost; before it is looked for, so many others come that the tenant has forgotten it.
        let look = Action::Delay { ms: 700 };
        proxy.set_rules(vec![
            Rule::on("UpdateItem", Action::DropAfter).nth(1),
            Rule::on("GetItem", look.clone()).key("#T").nth(1),
        ]);
        let begun = proxy.log_len();
        let others = async {
            until("the look", || proxy.log_from(begun).iter().any(|entry| entry.action == look)).await;
            others_change(&app, &key, &id.to_string(), 12).await;
        };
        let (odd, any) = (ahead(&store, offset), IfMatch::default());
        let mut patch = named("odd");
        patch.metadata = Some([("by".to_owned(), "odd".to_owned())].into());
        let (outcome, ()) = tokio::join!(odd.update_tenant(&caller, id, &patch, &any), others);
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{offset}: {outcome:?}");
        let now = store.tenant(caller.root(), id).await.unwrap();
        assert_eq!((now.metadata["by"].as_str(), now.version), ("B11", nth_version(id, 14)), "{offset}");
    }
}

/// The same where the write never arrived: nobody may say that it did, or undo what came after it.
#[tokio::test]
async fn a_write_of_a_wrong_clock_that_never_arrived_undoes_nothing() {
    let (app, key) = app().await;
    let (proxy, store) = behind_a_proxy(&app).await;
    let caller = integration(&store, &key).await;
    for offset in [-HOUR, 0, HOUR] {
        let store = ahead(&store, 0);
        let id = store.create_tenant(&caller, new_tenant(), None).await.unwrap().value.id;
        proxy.set_rules(vec![Rule::on("UpdateItem", Action::DropBefore).nth(1)]);
        let odd = ahead(&store, offset);
        let changed = odd.update_tenant(&caller, id, &named("odd"), &if_match(nth_version(id, 1))).await;
        assert_eq!(changed.map(|tenant| tenant.version).ok(), Some(nth_version(id, 2)), "{offset}");
        others_change(&app, &key, &id.to_string(), 1).await;
        let now = store.tenant(caller.root(), id).await.unwrap();
        assert_eq!((now.name.as_deref(), now.version), (Some("odd"), nth_version(id, 3)), "{offset}");
    }
}
