//! The reads that everything is made of.

use super::item::Item;
use super::keys::{Key, Partition};
use super::{Store, item};
use crate::domain::{Error, Result};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// From which row on, and in which direction, a partition is read.
pub(super) struct Range<'a> {
    /// Larger sort keys first.
    pub descending: bool,
    /// Only rows past this sort key, in the direction of reading.
    pub after: Option<&'a str>,
    /// At most this many rows; `None`: as many as a call reads, 1 MB.
    pub limit: Option<usize>,
}

/// What one Query call gave.
pub(super) struct Rows {
    pub items: Vec<Item>,
    /// Whether the partition may go on past the last row.
    pub more: bool,
}

impl Store {
    /// One item, strongly consistent.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>> {
        let request =
            self.client.get_item().table_name(&*self.table).set_key(Some(key.into_attributes())).consistent_read(true);
        Ok(self.in_time(request.send()).await?.map_err(read_error)?.item)
    }

    /// Rows of a partition: strongly consistent from the table, up to a second old from the index.
    pub(super) async fn query(&self, partition: &Partition, range: Range<'_>) -> Result<Rows> {
        let (pk, sk) = partition.attributes();
        let mut request = self
            .client
            .query()
            .table_name(&*self.table)
            .set_index_name(partition.index.map(str::to_owned))
            .consistent_read(partition.index.is_none())
            .scan_index_forward(!range.descending)
            .set_limit(range.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .expression_attribute_values(":pk", item::text(&*partition.pk));
        request = match range.after {
            None => request.key_condition_expression(format!("{pk} = :pk")),
            Some(after) => {
                let past = if range.descending { '<' } else { '>' };
                request
                    .key_condition_expression(format!("{pk} = :pk AND {sk} {past} :after"))
                    .expression_attribute_values(":after", item::text(after))
            }
        };
        let output = self.in_time(request.send()).await?.map_err(read_error)?;
        Ok(Rows { items: output.items.unwrap_or_default(), more: output.last_evaluated_key.is_some() })
    }
}

/// A read that failed has changed nothing: whatever the store could not do now is `unavailable`.
pub(super) fn read_error<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if is_our_fault(&error) {
        Error::internal(DisplayErrorContext(error))
    } else {
        Error::unavailable(DisplayErrorContext(error))
    }
}

/// Whether the store understood the request and refused it for what it is.
pub(super) fn is_our_fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const OURS: [&str; 4] = [
        "ValidationException",
        "SerializationException",
        "AccessDeniedException",
        "IdempotentParameterMismatchException",
    ];
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(refusal) => refusal.err().code().is_some_and(|code| OURS.contains(&code)),
        _ => false,
    }
}
