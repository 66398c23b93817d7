//! The parameters of listCustomers (contract section 3.2).

use super::filter::Filter;
use super::order::Order;

/// A request for one page of an operator's customers.
#[derive(Debug)]
pub struct CustomerList {
    /// The maximum number of customers: 1 to 1,000.
    pub page_size: usize,
    /// The sort key after which the page begins.
    pub after: Option<String>,
    /// Only customers that match.
    pub filter: Option<Filter>,
    /// The order of the customers.
    pub order: Order,
    /// Whether archived customers are included.
    pub show_archived: bool,
}
