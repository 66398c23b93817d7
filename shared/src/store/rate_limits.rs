//! Limits of requests: whether the bucket of a caller has a token, and the writes that count requests (decision 15).
//!
//! The buckets are in the customer's root, which authentication reads. A count is no change of the root: it has no write id and no version,
//! and may be lost.

use super::client::{Store, one_short_attempt, random};
use super::error::store_error;
use super::item::{self, Item};
use super::keys::{self, Key};
use crate::domain::credential::Credential;
use crate::domain::principal::CustomerRoot;
use crate::domain::rate_limit::{Bucket, RateLimit, RateLimitStatus};
use crate::domain::secret::{Claim, Root};
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use futures_util::FutureExt;
use std::str::FromStr;

/// The attribute of a root with the limits of its customer.
pub(super) const LIMITS: &str = "limits";
/// The attribute of a root with its buckets, which exists together with the limits.
pub(super) const BUCKETS: &str = "buckets";
/// The maximum number of updates for one count.
const MAX_ATTEMPTS: usize = 3;
/// The bucket of all tokens of a customer's users.
const OF_TOKENS: &str = "tokens";

/// The customer and the name of the bucket of a caller. Operators have none.
fn place(credential: &Credential) -> Option<(CustomerRoot, String)> {
    match credential {
        Credential::Key(Claim { root: Root::Operator(_), .. }) => None,
        Credential::Key(Claim { root: Root::Customer(root), key_id, .. }) => Some((*root, key_id.ulid())),
        Credential::Token { token, .. } => Some((token.root(), OF_TOKENS.to_owned())),
    }
}

/// The path of the caller's bucket, for a projection.
pub(super) fn bucket_path(credential: &Credential) -> Option<String> {
    place(credential).map(|(_, name)| path(&name))
}

/// The path of a bucket in a root.
pub(super) fn path(name: &str) -> String {
    format!("{BUCKETS}.{name}")
}

impl Store {
    /// Admits a request of an authenticated caller, or fails if its bucket is empty. One admitted request in
    /// [`RateLimit::requests_per_write`] is counted.
    pub(super) async fn admit(&self, credential: &Credential, items: &[Item]) -> Result<()> {
        let Some((customer, name)) = place(credential) else { return Ok(()) };
        let root = keys::customer_root(&customer);
        let Some(item) = items.iter().find(|item| root.is_of(item)) else { return Ok(()) };
        let Some(limit) = limit(item) else { return Ok(()) };
        let mut bucket = Bucket::new(limit, get_number(item, BUCKETS, &name), self.now);
        let weight = limit.requests_per_write();
        if bucket.has_token() && is_one_in(weight)? {
            bucket = self.take(&root, &name, bucket, weight).await;
        }
        let status = bucket.status();
        self.usage.set_rate_limit(status);
        let refused = Error::RateLimited { retry_after_seconds: status.token_after_seconds };
        if bucket.has_token() { Ok(()) } else { Err(refused) }
    }

    /// Takes tokens from a bucket, if it has one; the bucket as it was before. If the store fails, the request goes on: a limit protects the
    /// store, and is no reason to refuse a request that it can serve.
    async fn take(&self, root: &Key, name: &str, mut bucket: Bucket, tokens: u32) -> Bucket {
        // Another request may have taken tokens since the root was read, and then new limits may have come.
        for _ in 0..MAX_ATTEMPTS {
            match self.count(root, name, &bucket, tokens).await {
                Ok(()) => return bucket,
                // Without limits there are no buckets, and nothing to count.
                Err(Some(item)) if item.contains_key(BUCKETS) => {
                    bucket = bucket.with_full_at(get_number(&item, BUCKETS, name));
                }
                Err(_) => return bucket.with_full_at(None),
            }
            if !bucket.has_token() {
                break;
            }
        }
        bucket
    }

    /// Counts a request in one update. The error is the root, if the bucket was another one than this or has no token. An update that
    /// fails for another reason is not repeated; the log has the cause.
    async fn count(
        &self,
        root: &Key,
        name: &str,
        bucket: &Bucket,
        tokens: u32,
    ) -> std::result::Result<(), Option<Item>> {
        let (now, step) = (bucket.now(), bucket.duration_of(tokens));
        let (update, condition, values) = if bucket.is_full() {
            let is_full =
                "attribute_exists(#buckets) AND (attribute_not_exists(#buckets.#name) OR #buckets.#name <= :now)";
            ("SET #buckets.#name = :next", is_full, [(":now", now), (":next", now + step)].to_vec())
        } else {
            let has_token = "#buckets.#name > :now AND #buckets.#name <= :latest";
            let values = [(":now", now), (":latest", bucket.latest_with_token()), (":step", step)];
            ("SET #buckets.#name = #buckets.#name + :step", has_token, values.to_vec())
        };
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), item::number(value))).collect();
        let request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(root.clone().into_attributes()))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#buckets", BUCKETS)
            .expression_attribute_names("#name", name)
            .set_expression_attribute_values(Some(values))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = request.customize().config_override(one_short_attempt()).send().boxed_local();
        match self.in_time(sent).await {
            Ok(Ok(output)) => self.usage.count_write(output.consumed_capacity()),
            Ok(Err(error)) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => return Err(failed.item.clone()),
                _ => self.usage.set_uncounted(store_error(&error)),
            },
            Err(error) => self.usage.set_uncounted(error),
        }
        Ok(())
    }

    /// Why the request was not counted at its limit, if it was not.
    pub fn uncounted(&self) -> Option<&Error> {
        self.usage.uncounted()
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
