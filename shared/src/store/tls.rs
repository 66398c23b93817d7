//! The HTTP clients and their trusted root certificates. A function trusts the roots of Amazon, which are those of all DynamoDB endpoints
//! in the `aws` partition (<https://www.amazontrust.com/repository/>). Loading the 150 roots of the system would add 0.8 ms to each cold
//! start. The only TLS stack is rustls with ring (docs/decisions/0006-tls.md).
//!
//! Invariant: `SSL_CERT_FILE` and `SSL_CERT_DIR` take precedence over the built-in roots, for a proxy or another partition.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The client of a function.
pub(super) fn function_client() -> SharedHttpClient {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if named("SSL_CERT_FILE") || named("SSL_CERT_DIR") {
        return http_client();
    }
    client(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS))
}

/// The client of a command line tool. It trusts the roots of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub fn http_client() -> SharedHttpClient {
    client(TrustStore::empty().with_native_roots(true))
}

fn client(roots: TrustStore) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    match TlsContext::builder().with_trust_store(roots).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // This does not fail for any trust store. The default would be the roots of the system.
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
        // The SDK parses the roots when the client is built, and panics if that fails.
        let config = Config::builder().behavior_version_latest().http_client(function_client());
        Client::from_conf(config.build());
    }
}
