//! Every operation with every kind of credential: what it may do, by the table of operations alone.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::signature::Ed25519KeyPair;
use std::collections::BTreeSet;
use tenancy::domain::SigningKeyId;
use tests::operations::{Caller, Example, Fixture, Operation, examples, operations_of, with_body};
use tests::{App, Exchange, Value, from_now, json};

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    Operator,
    OtherOperator,
    Integration,
    /// Of another customer of the same operator.
    OtherIntegration,
    /// A token of the user of the fixture.
    OwnToken,
    /// A token of another user of the same tenant.
    OtherUsersToken,
    /// A token of a user of another customer.
    StrangersToken,
    /// The own token, but that it has expired.
    ExpiredToken,
    /// The own token, signed with a key that was retired.
    RetiredKeysToken,
    /// The own token, signed with a key that this API does not have, under the id of one that it has.
    ForeignKeysToken,
    /// A key of the right form that does not exist.
    UnknownKey,
    Nothing,
}

use Credential::{
    ExpiredToken, ForeignKeysToken, Integration, Nothing, Operator, OtherIntegration, OtherOperator, OtherUsersToken,
    OwnToken, RetiredKeysToken, StrangersToken, UnknownKey,
};

const ALL: [Credential; 12] = [
    Operator,
    OtherOperator,
    Integration,
    OtherIntegration,
    OwnToken,
    OtherUsersToken,
    StrangersToken,
    ExpiredToken,
    RetiredKeysToken,
    ForeignKeysToken,
    UnknownKey,
    Nothing,
];

/// What another one's valid credential is answered where the path names nothing: what the body or the query names is not its own, or there
/// is nothing of the kind that the operation needs.
const WITHOUT_NAMES: [(&str, Credential, u16); 6] = [
    ("createConversation", OtherIntegration, 404),
    ("exchangeToken", OtherIntegration, 404),
    ("createConversation", OtherUsersToken, 403),
    ("createConversation", StrangersToken, 403),
    ("listConversations", OtherUsersToken, 403),
    ("listConversations", StrangersToken, 403),
];

/// The status that the contract gives.
fn expected(operation: &Operation, example: &Example, credential: Credential) -> u16 {
    let foreign = || {
        let is_one = |(id, other, _): &&(&str, Credential, u16)| *id == operation.id && *other == credential;
        let exception = WITHOUT_NAMES.iter().find(is_one).map(|(_, _, status)| *status);
        let is_creation = operation.id == "upsertTenantByExternalId";
        exception.unwrap_or(if operation.names().is_empty() || is_creation { 0 } else { 404 })
    };
    // 0: it succeeds, on what is the other one's own.
    match (operation.caller, credential) {
        (Caller::Anyone, _) | (Caller::Operator, Operator) | (Caller::Integration, Integration) => example.status,
        (_, ExpiredToken | RetiredKeysToken | ForeignKeysToken | UnknownKey | Nothing) => 401,
        (Caller::Operator, OtherOperator) | (Caller::Integration, OtherIntegration) => foreign(),
        (Caller::Integration, OwnToken) if operation.takes_user_token => example.status,
        (Caller::Integration, OtherUsersToken | StrangersToken) if operation.takes_user_token => foreign(),
        (Caller::Operator | Caller::Integration, _) => 403,
    }
}

/// A customer of one of everything, and every kind of credential.
struct World {
    app: App,
    other_operator: String,
    other: Fixture,
    retired: Ed25519KeyPair,
    retired_kid: String,
    own: Ed25519KeyPair,
}

/// The private key of a stored item.
fn pair(item: &Value) -> Ed25519KeyPair {
    let seed = STANDARD.decode(item["d"]["B"].as_str().expect("bytes")).expect("base64");
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed")
}

impl World {
    async fn new() -> Self {
        let app = App::without_signing_key().await;
        let store = app.direct_store_at(from_now(-3_600_000));
        let retired_kid = store.create_signing_key().await.expect("a key").kid();
        let retired = pair(&app.items_of("private_signing_key").await[0]);
        app.direct_store().retire_signing_key(retired_kid).await.expect("the key can be retired");
        app.direct_store().create_signing_key().await.expect("a key");
        let own = pair(&app.items_of("private_signing_key").await[0]);
        let other_operator = app.new_operator_key("beta").await;
        let other = Fixture::new(&app, "other-corp").await;
        Self { app, other_operator, other, retired, retired_kid: SigningKeyId::to_string(&retired_kid), own }
    }

    /// A token by the API itself.
    async fn token(&self, fixture: &Fixture, external_id: &str) -> String {
        let tenant = format!("{}-members", fixture.names.get("external_id"));
        let body = json!({ "tenant_external_id": tenant, "user_external_id": external_id });
        let answer = self.app.with_key(&fixture.key, "POST", "/auth/token-exchange").json(body).send().await;
        answer.expect_status(200).json()["token"].as_str().expect("a token").to_owned()
    }

    /// A fixture with each kind of credential.
    async fn fixture(&self, slug: &str) -> (Fixture, Vec<(Credential, Option<String>)>) {
        let fixture = Fixture::new(&self.app, slug).await;
        let user = self.app.with_key(&fixture.key, "GET", &format!("/users/{}", fixture.names.get("user_id")));
        let tenant = user.send().await.expect_status(200).json()["tenant_id"].as_str().expect("an id").to_owned();
        self.app.new_user(&fixture.key, &tenant, "two").await;
        let own = self.token(&fixture, "one").await;
        let foreign = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let expiry = from_now(0).milliseconds() / 1000;
        let credential = async |kind: Credential| match kind {
            Operator => Some(fixture.operator_key.clone()),
            OtherOperator => Some(self.other_operator.clone()),
            Integration => Some(fixture.key.clone()),
            OtherIntegration => Some(self.other.key.clone()),
            OwnToken => Some(own.clone()),
            OtherUsersToken => Some(self.token(&fixture, "two").await),
            StrangersToken => Some(self.token(&self.other, "one").await),
            ExpiredToken => Some(resigned(&own, &self.own, &[("exp", json!(expiry))], None)),
            RetiredKeysToken => Some(resigned(&own, &self.retired, &[], Some(&self.retired_kid))),
            ForeignKeysToken => Some(resigned(&own, &foreign, &[], None)),
            UnknownKey => Some(format!("{}AAAA", &fixture.key[..fixture.key.len() - 4])),
            Nothing => None,
        };
        let mut credentials = Vec::new();
        for kind in ALL {
            credentials.push((kind, credential(kind).await));
        }
        (fixture, credentials)
    }
}

/// A token with other claims or of another key.
fn resigned(token: &str, pair: &Ed25519KeyPair, claims: &[(&str, Value)], kid: Option<&str>) -> String {
    let mut parts = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON"));
    let (mut header, mut body) = (parts.next().expect("a header"), parts.next().expect("claims"));
    kid.into_iter().for_each(|kid| header["kid"] = json!(kid));
    claims.iter().for_each(|(name, value)| body[*name] = value.clone());
    let message = [header, body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
}

async fn send(app: &App, fixture: &Fixture, of: (&Operation, &Example), credential: Option<&str>) -> Exchange {
    let (operation, example) = of;
    let path = format!("{}{}", fixture.path(operation), fixture.filled(example.query));
    let call = match credential {
        Some(credential) => app.with_key(credential, &operation.method, &path),
        None => app.anonymous(&operation.method, &path),
    };
    with_body(call, fixture.body(example)).send().await
}

async fn stored(app: &App) -> BTreeSet<String> {
    app.items().await.iter().map(Value::to_string).collect()
}

/// Sends these operations with every credential.
async fn check(operations: impl Iterator<Item = &'static Operation>) {
    let world = World::new().await;
    let app = &world.app;
    let mut many = 0;
    for (number, operation) in operations.enumerate() {
        let (fixture, credentials) = world.fixture(&format!("customer-{number}")).await;
        let example = examples(&operation.id).unwrap().swap_remove(0);
        let is_refused = |kind: Credential| (400..500).contains(&expected(operation, &example, kind));
        let (refused, allowed): (Vec<_>, Vec<_>) = credentials.iter().partition(|(kind, _)| is_refused(*kind));
        let before = stored(app).await;
        for (kind, credential) in refused {
            let answer = send(app, &fixture, (operation, &example), credential.as_deref()).await;
            let what = format!("{} by {kind:?}: {answer}", operation.id);
            assert_eq!(answer.status, expected(operation, &example, *kind), "{what}");
            let slug = if answer.status == 404 { "not-found" } else { "insufficient-scope" };
            assert_eq!(answer.json()["slug"], slug, "{what}");
            assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{what}");
        }
        assert_eq!(stored(app).await, before, "{} wrote though it was refused", operation.id);
        for (kind, credential) in allowed {
            let status = expected(operation, &example, *kind);
            let what = |answer: &Exchange| format!("{} by {kind:?}: {answer}", operation.id);
            if status == 0 {
                let answer = send(app, &fixture, (operation, &example), credential.as_deref()).await;
                assert!((200..300).contains(&answer.status), "{}", what(&answer));
                // What it is answered is its own.
                let shown = fixture.names.values().find(|name| name.contains('_') && answer.body.contains(*name));
                assert_eq!(shown, None, "{}", what(&answer));
                continue;
            }
            // A token comes second, when the operation has changed what is there: it has a customer of its own.
            let (fixture, credential) = match kind {
                OwnToken if operation.caller != Caller::Anyone => {
                    let (fixture, credentials) = world.fixture(&format!("again-{number}")).await;
                    let own = credentials.into_iter().find(|(other, _)| other == kind);
                    (fixture, own.and_then(|(_, credential)| credential))
                }
                _ => (fixture.clone(), credential.clone()),
            };
            fixture.prepare(app, &example).await;
            let answer = send(app, &fixture, (operation, &example), credential.as_deref()).await;
            assert_eq!(answer.status, status, "{}", what(&answer));
        }
        many += 1;
    }
    assert!(many > 0, "no operation is of this group");
}

#[tokio::test]
async fn operations_of_operators_with_every_credential() {
    check(operations_of(Caller::Operator)).await;
}

#[tokio::test]
async fn reads_of_integrations_with_every_credential() {
    check(operations_of(Caller::Integration).filter(|operation| !operation.is_write())).await;
}

#[tokio::test]
async fn writes_of_integrations_alone_with_every_credential() {
    let writes = operations_of(Caller::Integration).filter(|operation| operation.is_write());
    check(writes.filter(|operation| !operation.takes_user_token)).await;
}

#[tokio::test]
async fn writes_of_end_users_too_with_every_credential() {
    let writes = operations_of(Caller::Integration).filter(|operation| operation.is_write());
    check(writes.filter(|operation| operation.takes_user_token)).await;
}

#[tokio::test]
async fn public_operations_with_every_credential() {
    check(operations_of(Caller::Anyone)).await;
}
