//! Tokens of end users: the exchange, and what a token is worth afterwards (contract section 6.3).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::time::{SystemTime, UNIX_EPOCH};
use tenancy::domain::{SigningKeyId, Timestamp};
use tests::{App, Call, Exchange, PUBLIC_HOST, Value, json};

const EXCHANGE: &str = "/auth/token-exchange";
const MINUTE: i64 = 60_000;

fn ago(milliseconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
    Timestamp::from_milliseconds(i64::try_from(now).expect("the clock is before the year 9999") - milliseconds)
}

/// A customer with a tenant `org:1` that has a user `u/1`.
struct World {
    app: App,
    key: String,
    tenant: String,
    user: String,
}

impl World {
    async fn new() -> Self {
        Self::of(App::start().await).await
    }

    async fn of(app: App) -> Self {
        let key = app.new_integration("acme-corp").await;
        let tenant = app.new_tenant(&key, "org:1").await["id"].as_str().unwrap().to_owned();
        let user = new_user(&app, &key, &tenant, "u%2F1").await;
        Self { app, key, tenant, user }
    }

    fn exchange(&self, body: Value) -> Call<'_> {
        self.app.with_key(&self.key, "POST", EXCHANGE).json(body)
    }

    /// A token of the user for an hour.
    async fn token(&self) -> String {
        let body = json!({ "tenant_external_id": "org:1", "user_external_id": "u/1", "ttl_seconds": 3600 });
        let answer = self.exchange(body).send().await.expect_status(200).json();
        answer["token"].as_str().unwrap().to_owned()
    }

    /// What the token's own list of conversations answers.
    async fn list(&self, token: &str) -> Exchange {
        self.app.with_key(token, "GET", &format!("/conversations?user_id={}", self.user)).send().await
    }

    async fn patch(&self, path: &str, body: Value) {
        self.app.with_key(&self.key, "PATCH", path).json(body).send().await.expect_status(200);
    }
}

async fn new_user(app: &App, key: &str, tenant: &str, external_id: &str) -> String {
    let path = format!("/tenants/{tenant}/users/by-external-id/{external_id}");
    let user = app.with_key(key, "PUT", &path).json(json!({})).send().await.expect_status(201).json();
    user["id"].as_str().unwrap().to_owned()
}

/// A part of a token.
fn part(token: &str, at: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(at).expect("three parts")).expect("base64url")
}

fn kid(token: &str) -> String {
    let header: Value = serde_json::from_slice(&part(token, 0)).expect("JSON");
    header["kid"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_user_gets_a_token_that_the_published_keys_verify() {
    let world = World::new().await;
    let body = json!({ "tenant_external_id": " org:1\n", "user_external_id": "u/1" });
    let before = ago(0).milliseconds() / 1000;
    let call = world.exchange(body).once("ignored, \"whatever\" it is");
    let (answer, log) = world.app.requests_of(call.send()).await;
    let answer = answer.expect_status(200);
    let after = ago(0).milliseconds() / 1000;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    let token = answer["token"].as_str().expect("a text");
    let (header, claims): (Value, Value) =
        (serde_json::from_slice(&part(token, 0)).unwrap(), serde_json::from_slice(&part(token, 1)).unwrap());
    let exp = claims["exp"].as_i64().expect("an integer");
    let expected = json!({
        "object": "token",
        "token": token,
        "token_type": "Bearer",
        "expires_at": Timestamp::from_milliseconds(exp * 1000),
        "tenant_id": world.tenant,
        "user_id": world.user,
    });
    assert_eq!(answer, expected);
    assert!((before + 900..=after + 900).contains(&exp), "15 minutes: {exp} at {before}");
    let root = world.app.with_key(&world.key, "GET", "/integration/self").send().await.json()["root_tenant_id"].clone();
    let jti = claims["jti"].as_str().expect("a text");
    let expected = json!({
        "iss": world.app.url().replacen("http:", "https:", 1),
        "aud": "conversations",
        "sub": world.user,
        "tenant_id": world.tenant,
        "root_tenant_id": root,
        "iat": exp - 900,
        "exp": exp,
        "jti": jti,
    });
    assert_eq!(claims, expected);

    let keys = world.app.anonymous("GET", "/.well-known/jwks.json").send().await.expect_status(200).json();
    let key = &keys["keys"][0];
    assert_eq!(header, json!({ "typ": "JWT", "alg": "EdDSA", "kid": key["kid"] }));
    let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (message, _) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ED25519, x).verify(message.as_bytes(), &part(token, 2)).expect("the key signed it");
    world.list(token).await.expect_status(200);
    let operations: Vec<_> = log.iter().map(|entry| entry.operation.as_str()).collect();
    let mut first = operations[..2].to_vec();
    first.sort_unstable();
    assert_eq!((first, &operations[2..]), (vec!["BatchGetItem", "Query"], ["BatchGetItem"; 2].as_slice()));
}

#[tokio::test]
async fn a_token_lives_a_minute_to_an_hour() {
    let world = World::new().await;
    let body =
        |seconds: Value| json!({ "tenant_external_id": "org:1", "user_external_id": "u/1", "ttl_seconds": seconds });
    for seconds in [60, 3600] {
        let now = ago(0).milliseconds();
        let answer = world.exchange(body(json!(seconds))).send().await.expect_status(200).json();
        let expiry = Timestamp::parse(answer["expires_at"].as_str().unwrap()).unwrap().milliseconds();
        let lifetime = expiry - now;
        assert!((seconds * 1000 - 1000..seconds * 1000 + 10_000).contains(&lifetime), "{lifetime}");
    }
    for seconds in [json!(59), json!(3601), json!("900"), json!(60.5), json!(null)] {
        let refused = world.exchange(body(seconds)).send().await.expect_problem(422, "validation-error");
        assert_eq!(refused.pointers(), ["/ttl_seconds"], "{refused}");
    }
    let all = json!({ "tenant_external_id": " ", "ttl_seconds": 0, "more": 1 });
    let pointers = world.exchange(all).send().await.expect_problem(422, "validation-error").pointers();
    assert_eq!(pointers, ["/more", "/tenant_external_id", "/ttl_seconds", "/user_external_id"]);
    world.app.with_key(&world.key, "POST", EXCHANGE).send().await.expect_problem(400, "malformed-request");
}

#[tokio::test]
async fn nothing_is_provisioned_and_the_suspended_get_no_token() {
    let world = World::new().await;
    let exchange = async |tenant: &str, user: &str| {
        world.exchange(json!({ "tenant_external_id": tenant, "user_external_id": user })).send().await
    };
    let other = world.app.new_tenant(&world.key, "org:2").await["id"].as_str().unwrap().to_owned();
    new_user(&world.app, &world.key, &other, "u2").await;
    for (tenant, user) in [("absent", "u/1"), ("org:1", "absent"), ("org:1", "u2"), ("org:2", "u/1"), ("org:1", "U/1")]
    {
        exchange(tenant, user).await.expect_problem(404, "not-found");
    }
    let stranger = world.app.new_integration("stranger").await;
    let body = json!({ "tenant_external_id": "org:1", "user_external_id": "u/1" });
    world.app.with_key(&stranger, "POST", EXCHANGE).json(body).send().await.expect_problem(404, "not-found");

    let (tenant, user) = (format!("/tenants/{}", world.tenant), format!("/users/{}", world.user));
    world.patch(&tenant, json!({ "status": "suspended" })).await;
    exchange("org:1", "u/1").await.expect_problem(403, "tenant-suspended");
    exchange("org:1", "absent").await.expect_problem(404, "not-found");
    world.patch(&user, json!({ "status": "suspended" })).await;
    exchange("org:1", "u/1").await.expect_problem(403, "tenant-suspended");
    world.patch(&tenant, json!({ "status": "active" })).await;
    let refused = exchange("org:1", "u/1").await.expect_problem(403, "insufficient-scope").json();
    assert_eq!(refused["detail"], "The user is suspended.");
    world.patch(&user, json!({ "status": "active" })).await;
    exchange("org:1", "u/1").await.expect_status(200);
    let path = format!("{tenant}/users/by-external-id/absent");
    world.app.with_key(&world.key, "GET", &path).send().await.expect_problem(404, "not-found");

    let made = world.app.items_of("user").await;
    world.app.with_key(&world.key, "DELETE", "/tenants/by-external-id/org:1").send().await.expect_status(204);
    exchange("org:1", "u/1").await.expect_problem(404, "not-found");
    assert_eq!(world.app.items_of("user").await.len(), made.len());
}

#[tokio::test]
async fn only_a_key_with_the_scope_gets_tokens() {
    let world = World::new().await;
    let body = json!({ "tenant_external_id": "org:1", "user_external_id": "u/1" });
    let keys = "/v1/customers/acme-corp/keys";
    let scopes = json!({ "name": "k", "scopes": ["users:write", "conversations:write"] });
    let key = world.app.operator("POST", keys).json(scopes).send().await.expect_status(201).json();
    let token = world.token().await;
    for (key, status) in [
        (key["api_key_once"].as_str().unwrap(), 403),
        (&world.app.operator_key, 403),
        (&token, 403),
        (&format!("{token}x"), 401),
        ("nonsense", 401),
    ] {
        let call = world.app.with_key(key, "POST", EXCHANGE).json(body.clone());
        call.send().await.expect_problem(status, "insufficient-scope");
    }
}

#[tokio::test]
async fn keys_rotate_with_overlap_and_a_retired_one_stops_at_once() {
    let world = World::of(App::without_signing_key().await).await;
    let body = json!({ "tenant_external_id": "org:1", "user_external_id": "u/1" });
    world.exchange(body).send().await.expect_problem(503, "unavailable");
    let make = async |age: i64| world.app.direct_store_at(ago(age)).create_signing_key().await.expect("a key").kid();
    let retire = async |kid: SigningKeyId| {
        world.app.direct_store().retire_signing_key(kid).await.expect("the key can be retired");
    };
    let first = make(100 * MINUTE).await;
    let old = world.token().await;
    assert_eq!(kid(&old), first.to_string());
    let second = make(4 * MINUTE).await;
    assert_eq!(kid(&world.token().await), first.to_string(), "clients may not know the second yet");
    let third = make(6 * MINUTE).await;
    let new = world.token().await;
    assert_eq!(kid(&new), third.to_string());
    for token in [&old, &new] {
        world.list(token).await.expect_status(200);
    }
    retire(first).await;
    world.list(&old).await.expect_problem(401, "insufficient-scope");
    world.list(&new).await.expect_status(200);
    retire(third).await;
    world.list(&new).await.expect_problem(401, "insufficient-scope");
    let last = world.token().await;
    assert_eq!(kid(&last), second.to_string(), "the only one that is left signs early");
    world.list(&last).await.expect_status(200);
}

/// The private key is taken from the table, as no client can: even so, only a token of this API for this user and this time is valid.
#[tokio::test]
async fn a_token_is_only_what_this_api_has_signed_for_now() {
    let world = World::new().await;
    let token = world.token().await;
    let private = &world.app.items_of("private_signing_key").await[0];
    let seed = STANDARD.decode(private["d"]["B"].as_str().expect("bytes")).expect("base64");
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed");
    let parts = [0, 1].map(|at| serde_json::from_slice::<Value>(&part(&token, at)).expect("JSON"));
    let signed = |header: &Value, claims: &Value| {
        let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
    };
    world.list(&signed(&parts[0], &parts[1])).await.expect_status(200);

    let other = world.app.new_tenant(&world.key, "org:2").await["id"].clone();
    let stranger = world.app.new_integration("stranger").await;
    let stranger =
        world.app.with_key(&stranger, "GET", "/integration/self").send().await.json()["root_tenant_id"].clone();
    let user = new_user(&world.app, &world.key, other.as_str().unwrap(), "u2").await;
    let now = ago(0).milliseconds() / 1000;
    for (claim, value) in [
        ("exp", json!(now)),
        ("exp", json!(now - 30)),
        ("exp", json!("9999999999")),
        ("aud", json!("tenants")),
        ("aud", json!(["conversations"])),
        ("iss", json!("https://api.example.com")),
        ("iss", json!(world.app.url())),
        ("tenant_id", other),
        ("sub", json!(user)),
        ("sub", json!(world.user.replacen("usr_", "tnt_", 1))),
        ("root_tenant_id", stranger),
        ("root_tenant_id", json!(world.tenant)),
    ] {
        let mut claims = parts[1].clone();
        claims[claim] = value;
        let answer = world.list(&signed(&parts[0], &claims)).await;
        assert_eq!(answer.status, 401, "{claims}: {answer}");
    }
    for claim in ["exp", "aud", "iss", "sub", "tenant_id", "root_tenant_id"] {
        let mut claims = parts[1].clone();
        claims.as_object_mut().expect("an object").remove(claim).expect("a claim");
        let answer = world.list(&signed(&parts[0], &claims)).await;
        assert_eq!(answer.status, 401, "{claims}: {answer}");
    }
    for (parameter, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("kid", json!("01kaq7n0z2w4y6x8v0tqrstabc")),
        ("kid", json!("S#P")),
    ] {
        let mut header = parts[0].clone();
        header[parameter] = value;
        let answer = world.list(&signed(&header, &parts[1])).await;
        assert_eq!(answer.status, 401, "{header}: {answer}");
    }
    // The public key as a secret of HMAC.
    let header = json!({ "typ": "JWT", "alg": "HS256", "kid": parts[0]["kid"] });
    let message = [&header, &parts[1]].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, pair.public_key().as_ref());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
    let answer = world.list(&format!("{message}.{tag}")).await;
    assert_eq!(answer.status, 401, "a public key is no secret: {answer}");
    let unsigned = token.rsplit_once('.').unwrap().0;
    for token in [unsigned.to_owned(), format!("{unsigned}."), format!("{token}="), "a".repeat(3000), "..".to_owned()] {
        let refused = world.list(&token).await.expect_problem(401, "insufficient-scope");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn the_issuer_is_the_url_by_which_clients_call_the_api() {
    let world = World::of(App::start_mapped("/tenancy").await).await;
    let token = world.token().await;
    let claims: Value = serde_json::from_slice(&part(&token, 1)).expect("JSON");
    assert_eq!(claims["iss"], format!("{PUBLIC_HOST}/tenancy"));
    world.list(&token).await.expect_status(200);
}
