//! What cannot be done to a whole process: a clock that is wrong (I7).

use super::{app, first_read, integration, others_change, until, update_tenant};
use local::proxy::FaultProxy;
use tenancy::domain::idempotency::{Fingerprint, IdempotencyKey};
use tenancy::domain::precondition::IfMatch;
use tenancy::domain::tenant::{NewTenant, Tenant, TenantPatch};
use tenancy::domain::{Error, TenantId};
use tenancy::store::{FirstRead, IdempotentRequest, Store};
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
    IfMatch::version(version)
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
            update_tenant(store, &key, first, &named(name), &condition).await.map(|tenant| tenant.version)
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
    let once = IdempotentRequest::new(&IdempotencyKey::parse("once").unwrap(), "create-tenant", Fingerprint::new(None));
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

/// A tenant as it is.
async fn tenant(store: &Store, key: &str, id: TenantId) -> Tenant {
    let root = *integration(store, key).await.root();
    first_read(store, key, FirstRead::tenant(&root, id)).await.unwrap().expect("a tenant").entity
}

/// What became of a write is known by its id, and by no clock.
#[tokio::test]
async fn what_became_of_a_write_of_a_wrong_clock_is_known_as_that_of_any_other() {
    let (app, key) = app().await;
    let (proxy, store) = behind_a_proxy(&app).await;
    let caller = integration(&store, &key).await;
    for (offset, others) in [(-HOUR, 3), (0, 3), (HOUR, 3), (-HOUR, 40), (0, 40), (HOUR, 40)] {
        let store = ahead(&store, 0);
        let id = store.create_tenant(&caller, new_tenant(), None).await.unwrap().value.id;
        // Its answer is lost; before it is sent again, so many others come: they have 1.4 s, of which the second attempt waits for 0.8 s.
        let (second, third) = (Action::Delay { ms: 1400 }, Action::Delay { ms: 600 });
        proxy.set_rules(vec![
            Rule::on("UpdateItem", Action::DropAfter).nth(1),
            Rule::on("UpdateItem", second.clone()).nth(2),
            Rule::on("UpdateItem", third).nth(3),
        ]);
        let begun = proxy.log_len();
        let overtake = async {
            until("the second attempt", || proxy.log_from(begun).iter().any(|entry| entry.action == second)).await;
            others_change(&app, &key, &id.to_string(), others).await;
        };
        let (odd, any) = (ahead(&store, offset), IfMatch::default());
        let mut patch = named("odd");
        patch.metadata = Some([("by".to_owned(), "odd".to_owned())].into());
        let (outcome, ()) = tokio::join!(update_tenant(&odd, &key, id, &patch, &any), overtake);
        match outcome {
            // The tenant has forgotten it.
            Err(Error::Unavailable(_)) if others > 32 => {}
            Ok(changed) if others < 32 => {
                assert_eq!((changed.metadata["by"].as_str(), changed.version), ("odd", nth_version(id, 2)), "{offset}");
            }
            outcome => panic!("{offset} {others}: {outcome:?}"),
        }
        let now = tenant(&store, &key, id).await;
        let (by, last) = (format!("B{}", others - 1), others as u64 + 2);
        let expected = (Some("odd"), &by, nth_version(id, last));
        assert_eq!((now.name.as_deref(), &now.metadata["by"], now.version), expected, "{offset}");
    }
}

/// The same where the write never arrived: no answer may say that it did, and nothing may undo what came after it.
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
        let changed = update_tenant(&odd, &key, id, &named("odd"), &if_match(nth_version(id, 1))).await;
        assert_eq!(changed.map(|tenant| tenant.version).ok(), Some(nth_version(id, 2)), "{offset}");
        others_change(&app, &key, &id.to_string(), 1).await;
        let now = tenant(&store, &key, id).await;
        assert_eq!((now.name.as_deref(), now.version), (Some("odd"), nth_version(id, 3)), "{offset}");
    }
}
