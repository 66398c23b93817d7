//! Which tokens are refused.

use super::*;
use crate::domain::{CustomerId, TenantTag};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use serde_json::{Value, json};
use sha2::Sha256;

const ISSUER: &str = "https://api.example.com";
const SEED: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    Timestamp::from_milliseconds(1_795_403_655_123)
}

fn kid() -> SigningKeyId {
    SigningKeyId::new(now(), 1)
}

fn key() -> SigningPrivateKey {
    SigningPrivateKey::from_seed(kid(), &SEED)
}

fn public() -> SigningPublicKey {
    key().public().unwrap()
}

fn claims() -> Claims {
    let root = CustomerRoot::new(CustomerId::new(now(), 2));
    let user = TenantTag::new(5).new_id(now(), 3);
    Claims::new((&root, TenantId::new(now(), 4), user), ISSUER, (now(), 900), TokenId::new(now(), 6))
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token with these parts, signed by `sign`.
fn token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Signs with the key, without jsonwebtoken.
fn sign(message: &[u8]) -> Vec<u8> {
    Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap().sign(message).as_ref().to_vec()
}

fn header(algorithm: &str) -> Value {
    json!({ "typ": "JWT", "alg": algorithm, "kid": kid() })
}

fn verify(token: &str) -> Option<Claims> {
    UnverifiedToken::parse(token)?.verify(&public(), ISSUER, now())
}

/// The claims with some of them changed, or removed where the new value is null.
fn changed(changes: &Value) -> Value {
    let mut claims = serde_json::to_value(claims()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

#[test]
fn a_signed_token_is_verified_and_says_what_was_claimed() {
    let token = key().sign(&claims()).unwrap();
    let unverified = UnverifiedToken::parse(token.reveal()).unwrap();
    assert_eq!(unverified.verify(&public(), ISSUER, now()), Some(claims()));
    assert_eq!((unverified.kid(), unverified.root()), (kid(), claims().root()));
    assert_eq!((unverified.tenant(), unverified.user()), (claims().tenant_id, claims().sub));
    let parts: Vec<&str> = token.reveal().split('.').collect();
    assert_eq!(read_part::<Value>(parts[0]), Some(header("EdDSA")));
    assert_eq!(
        read_part::<Value>(parts[1]),
        Some(json!({
            "iss": ISSUER,
            "aud": "conversations",
            "sub": claims().sub,
            "tenant_id": claims().tenant_id,
            "root_tenant_id": format!("tnt_{}", claims().root().customer_id().ulid()),
            "iat": 1_795_403_655,
            "exp": 1_795_404_555,
            "jti": TokenId::new(now(), 6).ulid(),
        }))
    );
    assert_eq!(verify(&self::token(&header("EdDSA"), &changed(&json!({ "more": [1] })), sign)), Some(claims()));
}

#[test]
fn the_algorithm_is_that_of_the_key_and_not_that_of_the_header() {
    let claims = changed(&json!({}));
    let none = token(&header("none"), &claims, |_| Vec::new());
    assert_eq!(verify(&none), None);
    for secret in [public().x.to_vec(), public().x().into_bytes(), part(&json!(public().jwk())).into_bytes()] {
        let hmac = |message: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        assert_eq!(verify(&token(&header("HS256"), &claims, hmac)), None);
        assert_eq!(verify(&token(&header("EdDSA"), &claims, hmac)), None);
    }
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let ecdsa = |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
    assert_eq!(verify(&token(&header("ES256"), &claims, ecdsa)), None);
    for algorithm in ["none", "HS256", "ES256", "RS256", "eddsa", ""] {
        assert_eq!(verify(&token(&header(algorithm), &claims, sign)), None, "{algorithm}");
    }
    assert_eq!(verify(&token(&json!({ "kid": kid() }), &claims, sign)), None);
    // A key in the header is not used.
    let other = SigningPrivateKey::from_seed(kid(), &[8; 32]);
    let with_key = json!({ "alg": "EdDSA", "kid": kid(), "jwk": other.public().unwrap().jwk() });
    let by_other =
        |message: &[u8]| Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap().sign(message).as_ref().to_vec();
    assert_eq!(verify(&token(&with_key, &claims, by_other)), None);
}

#[test]
fn only_the_claims_that_the_named_key_has_signed_are_valid() {
    let token = key().sign(&claims()).unwrap();
    let parts: Vec<&str> = token.reveal().split('.').collect();
    let forged = part(&changed(&json!({ "sub": "usr_01m6drk1by4tff59tdwh9edd1r" })));
    assert_eq!(verify(&format!("{}.{forged}.{}", parts[0], parts[2])), None);
    assert_eq!(verify(&format!("{}.{}.", parts[0], parts[1])), None);

    let unverified = UnverifiedToken::parse(token.reveal()).unwrap();
    let other = SigningPrivateKey::from_seed(kid(), &[8; 32]).public().unwrap();
    assert_eq!(unverified.verify(&other, ISSUER, now()), None);
    let other_id = SigningPrivateKey::from_seed(SigningKeyId::new(now(), 9), &SEED).public().unwrap();
    assert_eq!(unverified.verify(&other_id, ISSUER, now()), None);
}

#[test]
fn a_token_is_valid_until_its_last_millisecond_and_not_at_its_expiry() {
    let token = UnverifiedToken::parse(key().sign(&claims()).unwrap().reveal()).unwrap();
    let at = |milliseconds| token.verify(&public(), ISSUER, Timestamp::from_milliseconds(milliseconds)).is_some();
    let expiry = claims().expires_at();
    assert_eq!(expiry.to_string(), "2026-11-23T03:29:15.000Z");
    assert!(at(expiry.milliseconds() - 1));
    assert!(!at(expiry.milliseconds()));
    assert!(!at(expiry.milliseconds() + 59_000));
}

#[test]
fn a_token_for_another_api_or_audience_is_refused() {
    let token = UnverifiedToken::parse(key().sign(&claims()).unwrap().reveal()).unwrap();
    for issuer in ["https://api.example.org", "https://api.example.com/", ""] {
        assert_eq!(token.verify(&public(), issuer, now()), None, "{issuer}");
    }
    for audience in ["", "Conversations", "conversations ", "tenants"] {
        let token = self::token(&header("EdDSA"), &changed(&json!({ "aud": audience })), sign);
        assert_eq!(verify(&token), None, "{audience}");
    }
}

#[test]
fn claims_of_other_types_are_refused() {
    let ulid = kid().ulid();
    for changes in [
        json!({ "iss": [ISSUER] }),
        json!({ "iss": null }),
        json!({ "aud": ["conversations"] }),
        json!({ "aud": null }),
        json!({ "sub": ulid }),
        json!({ "sub": format!("tnt_{ulid}") }),
        json!({ "sub": null }),
        json!({ "tenant_id": 1 }),
        json!({ "tenant_id": null }),
        json!({ "root_tenant_id": format!("cust_{ulid}") }),
        json!({ "root_tenant_id": null }),
        json!({ "iat": "1795403655" }),
        json!({ "iat": null }),
        json!({ "exp": "1795404555" }),
        json!({ "exp": 1_795_404_555.5 }),
        json!({ "exp": 1e30 }),
        json!({ "exp": true }),
        json!({ "exp": null }),
        json!({ "jti": 1 }),
        json!({ "jti": null }),
    ] {
        assert_eq!(verify(&token(&header("EdDSA"), &changed(&changes), sign)), None, "{changes}");
    }
    for claims in [json!([]), json!(null), json!("x")] {
        assert_eq!(verify(&token(&header("EdDSA"), &claims, sign)), None, "{claims}");
    }
    let twice = changed(&json!({})).to_string().replacen('{', r#"{"exp":9000000000,"#, 1);
    let message = format!("{}.{}", part(&header("EdDSA")), URL_SAFE_NO_PAD.encode(twice));
    assert_eq!(verify(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(sign(message.as_bytes())))), None);
}

#[test]
fn only_three_short_parts_with_the_id_of_a_key_are_a_token() {
    let token = key().sign(&claims()).unwrap();
    for text in ["", ".", "..", "...", "a.b.c", "e30.e30.e30"] {
        assert!(UnverifiedToken::parse(text).is_none(), "{text}");
    }
    for text in [format!("{}.", token.reveal()), format!(".{}", token.reveal()), format!("{} ", token.reveal())] {
        assert_eq!(verify(&text), None, "{text}");
    }
    for kid in [json!(null), json!(1), json!(""), json!("S"), json!(format!("{}A", &kid().ulid()[..25]))] {
        let text = self::token(&json!({ "alg": "EdDSA", "kid": kid }), &changed(&json!({})), sign);
        assert!(UnverifiedToken::parse(&text).is_none(), "{kid}");
    }
    let long = |length| {
        let text = self::token(&header("EdDSA"), &changed(&json!({ "more": "a".repeat(length) })), sign);
        (text.len(), verify(&text).is_some())
    };
    assert!(matches!(long(1100), (1900..=2048, true)), "{:?}", long(1100));
    assert!(matches!(long(1200), (2049.., false)), "{:?}", long(1200));
}

#[test]
fn a_stored_public_key_has_the_one_algorithm() {
    let public = public();
    assert_eq!(SigningPublicKey::parse(kid(), "EdDSA", &public.x()), Some(public.clone()));
    for (algorithm, x) in
        [("ES256", public.x()), ("", public.x()), ("EdDSA", String::new()), ("EdDSA", "AA".to_owned())]
    {
        assert_eq!(SigningPublicKey::parse(kid(), algorithm, &x), None, "{algorithm} {x}");
    }
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid(), "x": public.x() });
    assert_eq!(json!(Jwks { keys: vec![public.jwk()] }), json!({ "keys": [jwk] }));
}

/// Test 1 of RFC 8032, section 7.1.
#[test]
fn the_public_key_of_a_seed_is_that_of_rfc_8032() {
    let seed: [u8; 32] = std::array::from_fn(|at| {
        let hex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
    });
    let public = SigningPrivateKey::from_seed(kid(), &seed).public().unwrap();
    assert_eq!(public.x(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

#[test]
fn no_token_and_no_private_key_is_shown_by_debug() {
    let token = key().sign(&claims()).unwrap();
    let unverified = UnverifiedToken::parse(token.reveal()).unwrap();
    let shown = format!("{token:?} {unverified:?} {:?}", key());
    assert_eq!(shown, format!("Token(…) UnverifiedToken(…) SigningPrivateKey({}, …)", kid()));
}

proptest! {
    #[test]
    fn no_text_panics(header in "\\PC{0,40}", claims in "\\PC{0,40}", signature in "[A-Za-z0-9_.=-]{0,100}") {
        prop_assert_eq!(verify(&header), None);
        let text = format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
        prop_assert_eq!(verify(&text), None);
    }

    #[test]
    fn no_changed_byte_leaves_a_token_valid(at in 0usize..2048, with in 0u8..128) {
        let token = key().sign(&claims()).unwrap();
        let mut bytes = token.reveal().as_bytes().to_vec();
        let at = at % bytes.len();
        if bytes[at] != with {
            bytes[at] = with;
            prop_assert_eq!(verify(std::str::from_utf8(&bytes).unwrap()), None);
        }
    }
}
