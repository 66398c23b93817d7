//! The flow of an operator and an integration with the client that openapi-generator (rust) generates from infra/openapi.yaml.
//!
//! Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
//! the gateway itself answers every request. The same steps as the other flows in this folder.

use std::{collections::HashMap, fmt::Debug};

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};
use openapi::{
    apis::{
        configuration::Configuration,
        customers_api::{
            archive_customer, create_customer, get_customer, list_customers, restore_customer, update_customer,
            CreateCustomerError, GetCustomerError,
        },
        keys_api::create_key,
        tenants_api::{
            get_tenant, get_tenant_by_external_id, list_tenants, upsert_tenant_by_external_id, GetTenantError,
        },
        Error, ResponseContent,
    },
    models::{
        Customer, CustomerCreation, CustomerPatch, Failure, IntegrationScope, KeyCreation, Problem, TenantUpsert,
    },
};

const NAME: &str = "by-generated-rust";

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn configuration(key: &str, base_url: &str) -> Configuration {
    Configuration {
        base_path: variable(base_url),
        bearer_access_token: Some(key.to_owned()),
        ..Configuration::default()
    }
}

/// The client's error for an answer with this status.
fn refused<T: Debug, E: Debug>(status: u16, answer: Result<T, Error<E>>) -> ResponseContent<E> {
    match answer {
        Err(Error::ResponseError(content)) if content.status == status => content,
        other => panic!("not refused with {status}: {other:?}"),
    }
}

fn problem(problem: &Problem, status: u16, slug: &str) {
    assert_eq!(problem.status, i32::from(status));
    assert!(problem.r#type.ends_with(&format!("/problems/{slug}")), "{problem:?}");
}

async fn customers(operator: &Configuration) {
    let labels = HashMap::from([("tier".to_owned(), "gold".to_owned())]);
    let creation = CustomerCreation {
        description: Some(Some("for a moment".to_owned())),
        labels: Some(labels.clone()),
        ..CustomerCreation::new(NAME.to_owned())
    };
    let made = create_customer(operator, creation.clone(), None).await.expect("a customer");
    // The variants are tried in order, so their names have no meaning: every problem is decoded as the first variant with a problem.
    match refused(409, create_customer(operator, creation, None).await).entity {
        Some(CreateCustomerError::Status400(Failure::Problem(found))) => {
            problem(&found, 409, "name-conflict");
            assert_eq!(found.conflicting_resource_id, Some(made.id));
        }
        other => panic!("{other:?}"),
    }

    let named =
        update(operator, CustomerPatch { display_name: Some(Some("Named".to_owned())), ..CustomerPatch::new() }).await;
    assert_eq!((named.display_name.as_deref(), named.description.as_deref()), (Some("Named"), Some("for a moment")));
    let cleared = update(operator, CustomerPatch { description: Some(None), ..CustomerPatch::new() }).await;
    assert_eq!((cleared.display_name.as_deref(), cleared.description.as_deref()), (Some("Named"), None));
    assert_eq!(cleared.labels, labels);
    assert_eq!(get_customer(operator, NAME, None).await.expect("the customer"), cleared);
    // The client does not expose headers, so the tag is unknown; `*` matches any version. A 304 has no body, which is not valid JSON.
    match get_customer(operator, NAME, Some("*")).await {
        Err(Error::Serde(_)) => {}
        other => panic!("{other:?}"),
    }
}

async fn update(operator: &Configuration, patch: CustomerPatch) -> Customer {
    update_customer(operator, NAME, patch, None).await.expect("the customer after the change")
}

async fn keys(operator: &Configuration) -> String {
    let east = FixedOffset::east_opt(2 * 60 * 60).expect("an offset");
    let ends: DateTime<FixedOffset> = (Utc::now() + TimeDelta::days(1)).trunc_subsecs(3).with_timezone(&east);
    let scopes = vec![IntegrationScope::TenantsColonWrite];
    let creation = KeyCreation {
        expires_at: Some(Some(ends)),
        scopes: Some(scopes.clone()),
        ..KeyCreation::new("ends".to_owned())
    };
    let made = create_key(operator, NAME, creation, None).await.expect("a key");
    assert_eq!((made.expires_at, made.scopes), (Some(ends), scopes));
    made.api_key_once.expect("the secret")
}

async fn pages(operator: &Configuration) {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = list_customers(operator, Some(1), Some(&token), None, None, None).await.expect("a page");
        found.extend(page.customers.into_iter().map(|row| row.customer_id));
        token = page.page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(found.iter().any(|row| row == NAME), "{found:?}");
}

async fn tenants(caller: &Configuration) {
    let external_id = "a/b#e%2Fé";
    let body = TenantUpsert { name: Some(Some("Warehouse".to_owned())), ..TenantUpsert::new() };
    let made = upsert_tenant_by_external_id(caller, external_id, None, None, Some(body)).await.expect("a tenant");
    assert_eq!((made.external_id.as_deref(), made.name.as_deref()), (Some(external_id), Some("Warehouse")));
    // Without a body this client sends `null`.
    let again = upsert_tenant_by_external_id(caller, external_id, None, None, None).await.expect("the tenant");
    assert_eq!(again, made);
    assert_eq!(get_tenant_by_external_id(caller, external_id, None).await.expect("the tenant"), made);
    // The client encodes a space in a path as `+`, which means a plus sign there: this is another tenant.
    let spaced = upsert_tenant_by_external_id(caller, "a b", None, None, None).await.expect("a tenant");
    assert_eq!(spaced.external_id.as_deref(), Some("a+b"));
    match refused(404, get_tenant(caller, "tnt_01m6k708ka2r00k6agv0vfcxec", None).await).entity {
        Some(GetTenantError::Status400(Failure::Problem(found))) => problem(&found, 404, "not-found"),
        other => panic!("{other:?}"),
    }
}

async fn archives(operator: &Configuration, caller: &Configuration) {
    archive_customer(operator, NAME, None).await.expect("no content");
    refused(401, list_tenants(caller, None, None, None, None).await);
    refused(404, get_customer(operator, NAME, None).await);
    assert_eq!(restore_customer(operator, NAME, None).await.expect("the customer").archived_at, None);
}

async fn gateway() {
    for status in [413, 429, 500, 503] {
        let refusing = configuration("any", &format!("BASE_URL_{status}"));
        match refused(status, get_customer(&refusing, NAME, None).await).entity {
            Some(GetCustomerError::Status400(Failure::GatewayMessage(found))) => assert!(!found.message.is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let operator = configuration(&variable("OPERATOR_KEY"), "BASE_URL");
    customers(&operator).await;
    let caller = configuration(&keys(&operator).await, "BASE_URL");
    pages(&operator).await;
    tenants(&caller).await;
    archives(&operator, &caller).await;
    gateway().await;
    println!("the client of openapi-generator for Rust works");
}
