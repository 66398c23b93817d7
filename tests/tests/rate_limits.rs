//! Limits of requests of a customer (contract section 2.12): who has a bucket, what an empty one answers, and that a customer who floods
//! the API does not slow another (docs/reliability.md, J5 and J6).

mod rate_limits {
    mod flood;
    mod limits;
    mod requests;

    use tests::{App, Exchange, from_now, json};

    /// Sets the limits of a customer. Its buckets are full.
    pub async fn limit(app: &App, slug: &str, requests_per_second: u32, burst: u32) {
        let limits = json!({ "requests_per_second": requests_per_second, "burst": burst });
        let path = format!("/v1/customers/{slug}");
        app.operator("PATCH", &path).json(json!({ "limits": limits })).send().await.expect_status(200);
    }

    /// Stores that a bucket is full in so many seconds: that of a key, or `tokens`.
    pub async fn fill_in(app: &App, slug: &str, bucket: &str, seconds: i64) {
        let root =
            app.items_of("root").await.into_iter().find(|root| root["customer_id"]["S"] == slug).expect("its root");
        // A key is `sk_int_`, the customer, the key's own id, and its secret.
        let name = bucket.strip_prefix("sk_int_").map_or(bucket, |rest| &rest[26..52]);
        let full_at = from_now(seconds * 1000).milliseconds() * 1000;
        let (key, names) = (json!({ "pk": root["pk"], "sk": root["sk"] }), json!({ "#name": name }));
        let values = json!({ ":full": { "N": full_at.to_string() } });
        app.store.update(&app.table, key, "SET buckets.#name = :full", names, values).await.expect("it is stored");
    }

    pub async fn tenants(app: &App, key: &str) -> Exchange {
        app.with_key(key, "GET", "/tenants").send().await
    }
}
