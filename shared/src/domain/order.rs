//! `page.order_by` of listCustomers (AIP-132; contract section 3.2).

/// The field of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// The slug. Strongly consistent.
    CustomerId,
    /// The time of creation. Eventually consistent, usually within a second.
    CreatedAt,
}

/// An order of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: OrderField,
    /// Whether the largest value comes first.
    pub descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { field: OrderField::CustomerId, descending: false }
    }
}

impl Order {
    /// Parses `field`, `field asc` or `field desc`. Surrounding and repeated spaces are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let field = match words.next()? {
            "customer_id" => OrderField::CustomerId,
            "created_at" => OrderField::CreatedAt,
            _ => return None,
        };
        let descending = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return None,
        };
        words.next().is_none().then_some(Self { field, descending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_known_field_and_a_direction() {
        let by = |field, descending| Some(Order { field, descending });
        assert_eq!(Order::parse("customer_id"), by(OrderField::CustomerId, false));
        assert_eq!(Order::parse("created_at desc"), by(OrderField::CreatedAt, true));
        assert_eq!(Order::parse("created_at asc"), by(OrderField::CreatedAt, false));
        for text in [
            "",
            "name",
            "created_at down",
            "created_at, customer_id",
            "created_at desc asc",
            "created_at\tdesc",
            "DESC",
        ] {
            assert_eq!(Order::parse(text), None, "{text}");
        }
    }
}
