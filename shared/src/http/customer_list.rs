//! The query parameters of listCustomers, and the page tokens that are bound to them.

use super::input::Input;
use crate::domain::customer_list::CustomerList;
use crate::domain::filter::Filter;
use crate::domain::order::Order;
use crate::domain::page_token;
use crate::domain::principal::Operator;

/// A quoted excerpt of a filter at an offset.
fn excerpt(text: &str, offset: usize) -> String {
    const MAX_CHARACTERS: usize = 30;
    let rest = text.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return "the filter ends here".to_owned();
    }
    let shown: String = rest.chars().take(MAX_CHARACTERS).collect();
    let more = if shown.len() < rest.len() { " …" } else { "" };
    format!("{shown:?}{more}")
}

/// A request for a page, and the parameters that its token is bound to.
#[derive(Debug)]
pub struct CustomerListQuery {
    /// The parameters of the page.
    pub list: CustomerList,
    bound_to: [String; 4],
}

impl CustomerListQuery {
    /// Reads `page.page_size`, `page.page_token`, `page.filter`, `page.order_by` and `page.show_archived`.
    pub fn read(input: &Input, operator: &Operator) -> Option<Self> {
        let page_size = input.query_integer("page.page_size", 1, 1000);
        let show_archived = input.query_boolean("page.show_archived");
        let mut filter_text = String::new();
        let filter = input.query_or_empty("page.filter", |text| {
            filter_text = text.to_owned();
            Filter::parse(text).map_err(|error| {
                format!("{} at offset {}: {}", error.message, error.offset, excerpt(text, error.offset))
            })
        });
        let mut order_text = String::new();
        let order = input.query_or_empty("page.order_by", |text| {
            order_text = text.to_owned();
            let order = Order::parse(text);
            order.ok_or_else(|| "must be customer_id or created_at, then nothing, asc or desc".to_owned())
        });
        let order_bound = match order {
            Some(order) => format!("{:?}", order.unwrap_or_default()),
            None => order_text,
        };
        let archived_bound = show_archived.flatten().unwrap_or(false).to_string();
        let bound_to = [operator.root().operator().to_string(), filter_text, order_bound, archived_bound];
        let after = input.query_or_empty("page.page_token", |token| {
            page_token::decode(operator.page_key(), &bound_to.each_ref().map(String::as_str), token)
                .ok_or_else(|| "is not a token of this list".to_owned())
        });
        let list = CustomerList {
            page_size: page_size?.unwrap_or(50),
            after: after?,
            filter: filter?,
            order: order?.unwrap_or_default(),
            show_archived: show_archived?.unwrap_or(false),
        };
        Some(Self { list, bound_to })
    }

    /// The token for the page after `position`.
    pub fn next_page_token(&self, operator: &Operator, position: Option<String>) -> Option<String> {
        page_token::encode(operator.page_key(), &self.bound_to.each_ref().map(String::as_str), &position?)
    }
}
