//! Limits of requests: whether the bucket of a caller has a token, and the writes that count requests (decision 15).
//!
//! The buckets are in the customer's root, which authentication reads. A count is no change of the root: it has no write id and no
//! version, may be applied twice or be lost, and is not repeated.

use super::client::{Store, random};
use super::item::{self, Item};
use super::keys::{self, Key};
use crate::domain::credential::Credential;
use crate::domain::rate_limit::{Bucket, RateLimit, RateLimitStatus};
use crate::domain::secret::{Claim, Root};
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::FutureExt;
use std::str::FromStr;

/// The attribute of a root with the limits of its customer.
pub(super) const LIMITS: &str = "limits";
/// The attribute of a root with its buckets, which exists together with the limits.
pub(super) const BUCKETS: &str = "buckets";
/// The bucket of all tokens of a customer's users.
const OF_TOKENS: &str = "tokens";

/// The root and the name of the bucket of a caller. Operators have none.
fn place(credential: &Credential) -> Option<(Key, String)> {
    match credential {
        Credential::Key(Claim { root: Root::Operator(_), .. }) => None,
        Credential::Key(Claim { root: Root::Customer(root), key_id, .. }) => {
            Some((keys::customer_root(root), key_id.ulid()))
        }
        Credential::Token { token, .. } => Some((keys::customer_root(&token.root()), OF_TOKENS.to_owned())),
    }
}

/// The path of the caller's bucket, for a projection.
pub(super) fn bucket_path(credential: &Credential) -> Option<String> {
    place(credential).map(|(_, name)| format!("{BUCKETS}.{name}"))
}

impl Store {
    /// Admits a request of an authenticated caller, or fails if its bucket is empty. One admitted request in
    /// [`RateLimit::requests_per_write`] is counted.
    pub(super) async fn admit(&self, credential: &Credential, items: &[Item]) -> Result<()> {
        let Some((root, name)) = place(credential) else { return Ok(()) };
        let Some(item) = items.iter().find(|item| root.is_of(item)) else { return Ok(()) };
        let Some(limit) = limit(item) else { return Ok(()) };
        let full_at = get_number(item, BUCKETS, &name);
        let bucket = Bucket::new(limit, full_at, self.now);
        let status = bucket.status();
        self.usage.set_rate_limit(status);
        let weight = limit.requests_per_write();
        let is_admitted = bucket.has_token() && (!is_one_in(weight)? || self.take(root, &name, &bucket, weight).await);
        let refused = Error::RateLimited { retry_after_seconds: status.token_after_seconds };
        if is_admitted { Ok(()) } else { Err(refused) }
    }

    /// Takes tokens from a bucket, if it has one. If the store fails, the request goes on: a limit protects the store, and is no reason to
    /// refuse a request that it can serve.
    async fn take(&self, root: Key, name: &str, bucket: &Bucket, tokens: u32) -> bool {
        let (now, step) = (bucket.now(), bucket.duration_of(tokens));
        let (is_full, has_token) = (
            "attribute_exists(#limits) AND (attribute_not_exists(#buckets.#name) OR #buckets.#name <= :now)",
            "#buckets.#name > :now AND #buckets.#name <= :latest",
        );
        if bucket.is_full() {
            let filled = [(":now", now), (":next", now + step)];
            if self.count(&root, name, "SET #buckets.#name = :next", is_full, &filled).await {
                return true;
            }
        }
        let less = [(":now", now), (":latest", bucket.latest_with_token()), (":step", step)];
        self.count(&root, name, "SET #buckets.#name = #buckets.#name + :step", has_token, &less).await
    }

    /// Whether an update of a bucket was applied. One that failed for another reason than its condition counts as applied.
    async fn count(&self, root: &Key, name: &str, update: &str, condition: &str, values: &[(&str, i64)]) -> bool {
        let mut request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(root.clone().into_attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#buckets", BUCKETS)
            .expression_attribute_names("#name", name)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if condition.contains("#limits") {
            request = request.expression_attribute_names("#limits", LIMITS);
        }
        for (name, value) in values {
            request = request.expression_attribute_values(*name, item::number(value));
        }
        match self.in_time(request.send().boxed_local()).await {
            Ok(Ok(output)) => {
                self.usage.count_write(output.consumed_capacity());
                true
            }
            Ok(Err(error)) => {
                !error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
            }
            Err(_) => true,
        }
    }

    /// The caller's bucket, if its customer has limits.
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.usage.rate_limit()
    }
}

/// The attributes of a root with these limits, each with its value or `None` to remove it. The buckets are full.
pub(super) fn attributes(limits: Option<&RateLimit>) -> Result<[(&'static str, Option<AttributeValue>); 2]> {
    let Some(limits) = limits else { return Ok([(LIMITS, None), (BUCKETS, None)]) };
    Ok([(LIMITS, Some(item::value(limits)?)), (BUCKETS, Some(AttributeValue::M([].into())))])
}

/// The limits of a root's customer.
fn limit(root: &Item) -> Option<RateLimit> {
    let requests_per_second = get_number(root, LIMITS, "requests_per_second")?;
    Some(RateLimit { requests_per_second, burst: get_number(root, LIMITS, "burst")? })
}

/// A number in a map.
fn get_number<T: FromStr>(item: &Item, map: &str, name: &str) -> Option<T> {
    item.get(map)?.as_m().ok()?.get(name)?.as_n().ok()?.parse().ok()
}

/// True once in `many` calls, at random.
fn is_one_in(many: u32) -> Result<bool> {
    Ok(many == 1 || u32::from_be_bytes(random()?) % many == 0)
}
