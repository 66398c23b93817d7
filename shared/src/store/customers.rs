//! Customers of an operator.

use super::Store;
use super::item::{self, Item, get_text, new_item, read_row, text};
use super::keys::{self, id_position};
use super::read::Walk;
use super::record::{Kept, Made, Once, Record};
use super::write::Write;
use crate::domain::customer::{Customer, CustomerName, CustomerPatch, CustomerState, Labels, NewCustomer, Slug};
use crate::domain::customer_list::CustomerList;
use crate::domain::order::OrderField;
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Operator, OperatorRoot};
use crate::domain::secret::Root;
use crate::domain::{Conflict, CustomerId, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// A customer as an item.
#[derive(Serialize, Deserialize)]
struct CustomerRow {
    id: CustomerId,
    customer_id: Slug,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<String>,
    state: CustomerState,
    labels: Labels,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    deleted_at: Option<Timestamp>,
    ver: u64,
}

impl From<Customer> for CustomerRow {
    fn from(customer: Customer) -> Self {
        let Customer {
            id,
            customer_id,
            display_name,
            description,
            state,
            labels,
            created_at,
            updated_at,
            archived_at,
            version,
        } = customer;
        Self {
            id,
            customer_id,
            display_name,
            description,
            state,
            labels,
            created_at,
            updated_at,
            deleted_at: archived_at,
            ver: version,
        }
    }
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        let CustomerRow {
            id,
            customer_id,
            display_name,
            description,
            state,
            labels,
            created_at,
            updated_at,
            deleted_at,
            ver,
        } = row;
        Self {
            id,
            customer_id,
            display_name,
            description,
            state,
            labels,
            created_at,
            updated_at,
            archived_at: deleted_at,
            version: ver,
        }
    }
}

fn read_customer(item: Item) -> Result<Customer> {
    Ok(read_row::<CustomerRow>(item)?.into())
}

/// What a failed condition on a customer means: missing (archived is missing), or another version.
fn missing_or_stale(old: Option<&Item>) -> Error {
    match old {
        Some(old) if get_text(old, "state") == Some("active") => Error::PreconditionFailed,
        _ => Error::NotFound,
    }
}

/// A page of customers.
#[derive(Debug)]
pub struct CustomerPage {
    /// Those that the filter matches.
    pub customers: Vec<Customer>,
    /// The sort key after which the next page begins, while more may follow.
    pub position: Option<String>,
}

impl Store {
    /// Makes a customer and the root of what will hang below it.
    pub async fn create_customer(
        &self,
        operator: &Operator,
        new: NewCustomer,
        once: Option<&Once>,
    ) -> Result<Made<Customer>> {
        let id: CustomerId = self.new_id()?;
        let customer = new.clone().into_customer(id);
        let (root, slug) = (operator.root(), customer.customer_id.clone());
        let customer_root = CustomerRoot::new(id);

        let mut item = new_item("customer", &CustomerRow::from(customer.clone()))?;
        let by_creation = keys::customers_by_creation(root).index_attributes(id_position(id));
        item.extend(by_creation.map(|(name, value)| (name.to_owned(), value)));
        let mut root_item = new_item("root", &Empty {})?;
        root_item.extend([
            ("operator".to_owned(), text(root.operator().as_str())),
            ("customer_id".to_owned(), text(slug.as_str())),
            ("state".to_owned(), text("active")),
            ("keys".to_owned(), item::value(&Empty {})?),
        ]);

        let taken = |old: Option<&Item>| {
            let holder = item::holder(old);
            let detail = match old.and_then(|old| get_text(old, "state")) {
                Some("archived") => {
                    format!(
                        "The customer_id \"{slug}\" belongs to an archived customer: restoreCustomer brings it back."
                    )
                }
                _ => format!("The customer_id \"{slug}\" is taken by another customer."),
            };
            Error::NameConflict(Conflict::new(holder, detail))
        };
        let writes = vec![
            Write::put(keys::customer(root, &slug), item).otherwise(taken),
            Write::put(keys::customer_root(&customer_root), root_item),
        ];
        match self.apply_once(&Root::Operator(root.clone()), once, id, None, writes).await? {
            Kept::Applied => Ok(Made { value: customer, replayed: false }),
            Kept::Replay(record) => {
                let id = CustomerId::parse(&record.id).ok_or_else(|| Error::internal("a record names no customer"))?;
                Ok(Made { value: new.into_customer(id), replayed: true })
            }
        }
    }

    /// The slug that a name stands for. A `cust_` id is looked up in the customer's own root, never in an
    /// index, and only the operator that the root names sees it.
    pub(super) async fn slug_of(&self, operator: &OperatorRoot, name: &CustomerName) -> Result<Option<Slug>> {
        let id = match name {
            CustomerName::Slug(slug) => return Ok(Some(slug.clone())),
            CustomerName::Id(id) => *id,
        };
        let item = self.get(keys::customer_root(&CustomerRoot::new(id))).await?;
        let own = item.filter(|item| get_text(item, "operator") == Some(operator.operator().as_str()));
        Ok(own.and_then(|item| Slug::parse(get_text(&item, "customer_id")?)))
    }

    /// A customer, archived or not.
    pub(super) async fn any_customer(&self, operator: &OperatorRoot, name: &CustomerName) -> Result<Option<Customer>> {
        let Some(slug) = self.slug_of(operator, name).await? else { return Ok(None) };
        self.get(keys::customer(operator, &slug)).await?.map(read_customer).transpose()
    }

    /// A customer that is not archived.
    pub async fn customer(&self, operator: &OperatorRoot, name: &CustomerName) -> Result<Customer> {
        let customer = self.any_customer(operator, name).await?;
        customer.filter(|customer| customer.state == CustomerState::Active).ok_or(Error::NotFound)
    }

    /// A page of the operator's customers.
    pub async fn customers(&self, operator: &OperatorRoot, list: &CustomerList) -> Result<CustomerPage> {
        let partition = match list.order.field {
            OrderField::CustomerId => keys::customers(operator),
            OrderField::CreatedAt => keys::customers_by_creation(operator),
        };
        let walk = Walk {
            descending: list.order.descending,
            after: list.after.clone(),
            most: list.page_size,
            selective: list.filter.is_some(),
        };
        let is_wanted = |customer: &Customer| {
            (list.show_archived || customer.state == CustomerState::Active)
                && list.filter.as_ref().is_none_or(|filter| filter.matches(customer))
        };
        let walked = self.walk(&partition, walk, read_customer, is_wanted).await?;
        Ok(CustomerPage { customers: walked.rows, position: walked.position })
    }

    /// Changes a customer; a patch that changes nothing reads it.
    pub async fn update_customer(
        &self,
        operator: &Operator,
        name: &CustomerName,
        patch: &CustomerPatch,
        if_match: &IfMatch,
    ) -> Result<Customer> {
        let root = operator.root();
        let slug = self.slug_of(root, name).await?.ok_or(Error::NotFound)?;
        let key = keys::customer(root, &slug);
        self.under(if_match, key, async |if_match| self.change_customer(root, &slug, patch, if_match).await).await
    }

    async fn change_customer(
        &self,
        root: &OperatorRoot,
        slug: &Slug,
        patch: &CustomerPatch,
        if_match: &IfMatch,
    ) -> Result<Customer> {
        let named_otherwise = |customer: &Customer| match &patch.customer_id {
            Some(CustomerName::Slug(slug)) => *slug != customer.customer_id,
            Some(CustomerName::Id(id)) => *id != customer.id,
            None => false,
        };
        let judge = |customer: &Customer| {
            if customer.state != CustomerState::Active {
                Err(Error::NotFound)
            } else if !if_match.accepts(customer.version) {
                Err(Error::PreconditionFailed)
            } else if named_otherwise(customer) {
                Err(Error::invalid("/customer_id", "is not this customer's customer_id or id"))
            } else {
                Ok(())
            }
        };
        if patch.is_empty() {
            let customer = self.customer(root, &CustomerName::Slug(slug.clone())).await?;
            return judge(&customer).map(|()| customer);
        }
        let optional = |value: &Option<String>| value.as_ref().map(text);
        let mut write = Write::update(keys::customer(root, slug))
            .new_version()
            .set("updated_at", text(self.now.to_string()))
            .when("{state} = ?", [text("active")])
            .when_version(if_match.versions.as_deref())
            .otherwise(|old| {
                let judged = old.cloned().ok_or(Error::NotFound).and_then(read_customer).and_then(|old| judge(&old));
                judged.err().unwrap_or_else(|| Error::internal("a condition on a customer failed for no reason"))
            });
        write = match &patch.customer_id {
            Some(CustomerName::Slug(slug)) => write.when("{customer_id} = ?", [text(slug.as_str())]),
            Some(CustomerName::Id(id)) => write.when("{id} = ?", [text(id.to_string())]),
            None => write,
        };
        if let Some(display_name) = &patch.display_name {
            write = write.set_or_remove("display_name", optional(display_name));
        }
        if let Some(description) = &patch.description {
            write = write.set_or_remove("description", optional(description));
        }
        if let Some(labels) = &patch.labels {
            write = write.set("labels", item::value(labels)?);
        }
        let item = self.apply(vec![write]).await?.ok_or_else(|| Error::internal("an update returned no item"))?;
        read_customer(item)
    }

    /// Archives a customer: it and its whole subtree are missing from the same instant, whatever hangs below.
    pub async fn archive_customer(&self, operator: &Operator, customer: &Customer, if_match: &IfMatch) -> Result<()> {
        let now = text(self.now.to_string());
        let key = keys::customer(operator.root(), &customer.customer_id);
        let archive = async |if_match: &IfMatch| {
            let writes = vec![
                Write::update(key.clone())
                    .new_version()
                    .set_all([("state", text("archived")), ("deleted_at", now.clone()), ("updated_at", now.clone())])
                    .when("{state} = ?", [text("active")])
                    .when_version(if_match.versions.as_deref())
                    .otherwise(missing_or_stale),
                Write::update(keys::customer_root(&CustomerRoot::new(customer.id)))
                    .new_version()
                    .set("state", text("archived")),
            ];
            self.apply(writes).await.map(drop)
        };
        self.under(if_match, key.clone(), archive).await
    }

    /// Brings a customer back exactly as it was; an active one is left alone.
    pub async fn restore_customer(
        &self,
        operator: &Operator,
        name: &CustomerName,
        once: Option<&Once>,
    ) -> Result<Made<Customer>> {
        let root = operator.root();
        let records = Root::Operator(root.clone());
        // A parallel write may move the customer on between reading and writing; the next round sees it.
        loop {
            let (found, record) = tokio::try_join!(self.any_customer(root, name), self.earlier_item(&records, once))?;
            let once = once.map(|once| once.about(customer_text(found.as_ref(), name)));
            if let Some(record) = self.replayed(record, once.as_ref())? {
                return Ok(Made { value: from_answer(&record)?, replayed: true });
            }
            let customer = found.ok_or(Error::NotFound)?;
            if customer.state == CustomerState::Active {
                // A parallel duplicate may have made it so since the record was looked for.
                let record = self.replayed(self.earlier_item(&records, once.as_ref()).await?, once.as_ref())?;
                return match record {
                    Some(record) => Ok(Made { value: from_answer(&record)?, replayed: true }),
                    None => Ok(Made { value: customer, replayed: false }),
                };
            }
            let restored = Customer {
                state: CustomerState::Active,
                archived_at: None,
                updated_at: self.now,
                version: customer.version + 1,
                ..customer.clone()
            };
            let writes = vec![
                Write::update(keys::customer(root, &customer.customer_id))
                    .new_version()
                    .set_all([("state", text("active")), ("updated_at", text(self.now.to_string()))])
                    .remove("deleted_at")
                    .when_version(Some(&[customer.version]))
                    .otherwise(|_| Error::PreconditionFailed),
                Write::update(keys::customer_root(&CustomerRoot::new(customer.id)))
                    .new_version()
                    .set("state", text("active")),
            ];
            let answer = serde_json::to_string(&CustomerRow::from(restored.clone())).map_err(Error::internal)?;
            match self.apply_once(&records, once.as_ref(), customer.id, Some(answer), writes).await {
                Ok(Kept::Applied) => return Ok(Made { value: restored, replayed: false }),
                Ok(Kept::Replay(record)) => return Ok(Made { value: from_answer(&record)?, replayed: true }),
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What a request's fingerprint calls the customer of its path: its id, however it was addressed.
pub(super) fn customer_text(found: Option<&Customer>, name: &CustomerName) -> String {
    match (found, name) {
        (Some(customer), _) => customer.id.to_string(),
        (None, CustomerName::Id(id)) => id.to_string(),
        (None, CustomerName::Slug(slug)) => slug.to_string(),
    }
}

/// The customer that a restore answered then.
fn from_answer(record: &Record) -> Result<Customer> {
    let row: CustomerRow = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    Ok(row.into())
}

/// An item or a map without attributes of its own.
#[derive(Serialize)]
struct Empty {}
