//! What listCustomers can be asked for (contract section 3.2).

use super::filter::Filter;
use super::order::Order;

/// One page of an operator's customers.
#[derive(Debug)]
pub struct CustomerList {
    /// At most this many customers: 1 to 1,000.
    pub page_size: usize,
    /// Past this row, by the order's own key.
    pub after: Option<String>,
    /// Only those that it matches.
    pub filter: Option<Filter>,
    /// In this order.
    pub order: Order,
    /// Archived ones too.
    pub show_archived: bool,
}
