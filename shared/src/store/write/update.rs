//! A single update, from its first attempt to its outcome ([`crate::store::doubt`] says why this is safe).

use super::{MOST_RESENDS, Met, Outcome, Refusals, Tried, Write, tried};
use crate::domain::{Error, Result, WriteId};
use crate::store::Store;
use crate::store::client::update_settings;
use crate::store::doubt::{LostAnswers, Pauses, Trace, fence, old_fences, settle, trace};
use crate::store::item::{Item, get_text, text};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use std::future::Future;
use std::time::Duration;

/// How long an attempt is waited for before the item is looked at. Its answer may come later.
const SLOW: Duration = Duration::from_millis(800);

/// How far an attempt brought us.
enum Known {
    Outcome(Outcome),
    /// The item as it is now.
    Item(Option<Item>),
    /// Nothing, because of this.
    Nothing(Option<Error>),
}

impl Write<'_> {
    /// Binds an update that is sent again to the item as it was read, and leaves a fence against its earlier
    /// attempts.
    fn bind(&mut self, item: &Item, w: WriteId) {
        self.values.insert(":read".to_owned(), text(get_text(item, "w").unwrap_or_default()));
        let (bound, fence) = ("w = :read".to_owned(), format!("{} = :w", fence(&w.ulid())));
        if !self.conditions.contains(&bound) {
            self.conditions.push(bound);
            self.sets.push(fence);
            // Only once: to remove an attribute that is already gone is not an error.
            self.removes.extend(old_fences(item, w));
        }
    }

    /// Whether the item is still as this write was bound to.
    fn is_bound_to(&self, item: Option<&Item>) -> bool {
        let read = self.values.get(":read").and_then(|read| read.as_s().ok());
        item.and_then(|item| get_text(item, "w")) == read.map(String::as_str)
    }

    /// What an attempt told; an error is final.
    fn learn(&self, met: Met, w: WriteId, resends: i32, lost: &LostAnswers) -> Result<Known> {
        let refusals = match met {
            Met::Applied(item) => return Ok(Known::Outcome(Outcome::Applied(item))),
            Met::Failed(error) if lost.take() => return Ok(Known::Nothing(Some(error))),
            Met::Failed(error) => return Err(error),
            Met::Refused(refusals) if resends == 0 => return Ok(Known::Outcome(settle(refusals, w, false))),
            Met::Refused(refusals) => refusals,
        };
        let old = refusals.into_iter().next().and_then(|(_, old)| old);
        if !self.is_bound_to(old.as_ref()) {
            return Ok(Known::Item(old));
        }
        // Not refused for what it was bound to: the write's own condition failed. A version does not come back,
        // so that no earlier attempt of a write that names one, however late, can be applied.
        let is_stale = matches!((self.otherwise)(old.as_ref()), Error::PreconditionFailed);
        let never = old.as_ref().is_some_and(|old| trace(old, w) == Trace::Never);
        let is_over = self.names_its_version && is_stale && never;
        let refusals = vec![(0, old)];
        Ok(Known::Outcome(if is_over { Outcome::Refused(refusals) } else { Outcome::Unknown(refusals) }))
    }
}

impl Store {
    /// A single update. One whose answer was lost is looked for before it is sent again.
    pub(super) async fn update(&self, write: &mut Write<'_>, w: WriteId) -> Result<Outcome> {
        let mut taken = 0;
        let outcome = self.follow(write, w, &mut taken).await?;
        if matches!(outcome, Outcome::Applied(_)) {
            self.resends.succeeded(taken);
        }
        Ok(outcome)
    }

    /// The same; `taken` counts what of the budget was spent, on looks and on repetitions.
    async fn follow(&self, write: &mut Write<'_>, w: WriteId, taken: &mut i32) -> Result<Outcome> {
        write.conditions.push(format!("attribute_not_exists({})", fence(&w.ulid())));
        let (lost, mut pauses, mut resends) = (LostAnswers::default(), Pauses::default(), 0);
        loop {
            let mut sent = Box::pin(self.send_update(write, &lost));
            let (known, pending) = match self.in_time(tokio::time::timeout(SLOW, &mut sent)).await? {
                Ok(Tried::Contended | Tried::Throttled(_)) => {
                    pauses.wait(self.time_left()).await?;
                    continue;
                }
                Ok(Tried::Done(met)) => (write.learn(met, w, resends, &lost)?, None),
                Err(_) => (Known::Nothing(None), Some(sent)),
            };
            let (item, error) = match known {
                Known::Outcome(outcome) => return Ok(outcome),
                Known::Item(item) => (item, None),
                // Looked for while the store is not in trouble as a whole: a look is one more request, too.
                Known::Nothing(error) if self.resends.take() => {
                    *taken += 1;
                    (self.get(write.key.clone()).await?, error)
                }
                Known::Nothing(Some(error)) => return Err(error),
                Known::Nothing(None) => return self.own_answer(write, w, resends, pending, &lost, Vec::new()).await,
            };
            let Some(item) = item else {
                return self.own_answer(write, w, resends, pending, &lost, vec![(0, None)]).await;
            };
            match trace(&item, w) {
                Trace::Newest => return Ok(Outcome::Applied(Some(item))),
                Trace::Never => {}
                Trace::Forgotten if write.names_its_version => {}
                Trace::Forgotten | Trace::Overtaken => {
                    return self.own_answer(write, w, resends, pending, &lost, vec![(0, Some(item))]).await;
                }
            }
            if resends == MOST_RESENDS || !self.resends.take() {
                return match error {
                    Some(error) => Err(error),
                    None => self.own_answer(write, w, resends, pending, &lost, vec![(0, Some(item))]).await,
                };
            }
            (resends, *taken) = (resends + 1, *taken + 1);
            write.bind(&item, w);
        }
    }

    /// Where only the attempt's own answer can tell: that, should it still come. `seen` is what is known otherwise.
    async fn own_answer(
        &self,
        write: &Write<'_>,
        w: WriteId,
        resends: i32,
        pending: Option<impl Future<Output = Tried>>,
        lost: &LostAnswers,
        seen: Refusals,
    ) -> Result<Outcome> {
        if let Some(sent) = pending
            && let Tried::Done(met) = self.in_time(sent).await?
            && let Known::Outcome(outcome) = write.learn(met, w, resends, lost)?
        {
            return Ok(outcome);
        }
        Ok(Outcome::Unknown(seen))
    }

    /// One attempt. It owns all that it needs, so that it can go on while the item is looked at.
    fn send_update(&self, write: &Write<'_>, lost: &LostAnswers) -> impl Future<Output = Tried> + use<> {
        let request = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(write.key.clone().into_attributes()))
            .update_expression(write.update_expression())
            .condition_expression(write.condition())
            .set_expression_attribute_names(write.names())
            .set_expression_attribute_values(write.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = request.customize().config_override(update_settings()).interceptor(lost.clone());
        async move {
            let sent = request.send().await.map(|output| output.attributes);
            tried(sent, |error| match error {
                UpdateItemError::ConditionalCheckFailedException(failed) => Some(failed.item.clone()),
                _ => None,
            })
        }
    }
}
