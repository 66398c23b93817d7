//! The HTTP clients, and whom their connections trust. A function trusts Amazon's own roots, to which every endpoint of
//! DynamoDB in the `aws` partition leads (<https://www.amazontrust.com/repository/>): the system's 150 cost each cold start
//! 0.8 ms. rustls on ring is the one TLS stack (docs/decisions/0006-tls.md).
//!
//! Invariant: `SSL_CERT_FILE` and `SSL_CERT_DIR` outrank what is compiled in, for a proxy or another partition.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// A function's client.
pub(super) fn function_client() -> SharedHttpClient {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if named("SSL_CERT_FILE") || named("SSL_CERT_DIR") {
        return http_client();
    }
    client(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS))
}

/// A client that trusts what the system, `SSL_CERT_FILE` or `SSL_CERT_DIR` trust: a tool's.
pub fn http_client() -> SharedHttpClient {
    client(TrustStore::empty().with_native_roots(true))
}

fn client(roots: TrustStore) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    match TlsContext::builder().with_trust_store(roots).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // No store of roots is refused; the default would be the system's roots.
        Err(_) => builder.build_https(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::{Client, Config};

    #[test]
    fn a_client_is_made_of_amazons_five_roots() {
        assert_eq!(String::from_utf8_lossy(AMAZON_ROOTS).matches("BEGIN CERTIFICATE").count(), 5);
        // The SDK reads them when a client is made, and panics where one cannot be read.
        let config = Config::builder().behavior_version_latest().http_client(function_client());
        Client::from_conf(config.build());
    }
}
