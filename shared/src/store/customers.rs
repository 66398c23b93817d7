//! Customers of an operator.

use super::client::Store;
use super::commit::Decision;
use super::first_read::FirstRead;
use super::gates;
use super::idempotency::{EarlierRequest, IdempotentOutcome, IdempotentRequest, IdempotentResult, Record};
use super::item::{self, Item, get_text, new_item, read_row, row, text};
use super::key_items::{CustomerKeys, KeyDetailsItem};
use super::keys::{self, id_sort_key};
use super::rate_limits::{self, LIMITS};
use super::read::PageQuery;
use super::snapshot::{Entity, Snapshot};
use super::write::Write;
use crate::domain::customer::{Customer, CustomerName, CustomerPatch, CustomerState, Labels, NewCustomer, Slug};
use crate::domain::customer_list::CustomerList;
use crate::domain::order::OrderField;
use crate::domain::precondition::IfMatch;
use crate::domain::principal::{CustomerRoot, Operator, OperatorRoot};
use crate::domain::rate_limit::RateLimit;
use crate::domain::secret::Root;
use crate::domain::{Change, Conflict, CustomerId, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A customer as an item.
#[derive(Serialize, Deserialize)]
pub(super) struct CustomerRow {
    id: CustomerId,
    customer_id: Slug,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<String>,
    state: CustomerState,
    labels: Labels,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    limits: Option<RateLimit>,
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
            limits,
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
            limits,
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
            limits,
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
            limits,
            created_at,
            updated_at,
            archived_at: deleted_at,
            version: ver,
        }
    }
}

impl Entity for Customer {
    const ATTRIBUTES: Option<&'static [&'static str]> = Some(&[
        "id",
        "customer_id",
        "display_name",
        "description",
        "state",
        "labels",
        LIMITS,
        "created_at",
        "updated_at",
        "deleted_at",
        "ver",
    ]);

    fn from_item(item: Item) -> Result<Self> {
        Ok(read_row::<CustomerRow>(item)?.into())
    }
}

/// The write that changes a customer as it was read to `after`.
fn change(read: &Snapshot<Customer>, after: &Customer) -> Result<Write<'static>> {
    let row = |customer: &Customer| row(&CustomerRow::from(customer.clone()));
    Ok(Write::change(read, &row(&read.entity)?, &row(after)?))
}

/// The writes of a patch. Without `If-Match` it does not depend on concurrent changes, except of the state. A patch of the limits also updates
/// the root, so it is bound to the version that was read.
fn patched(
    read: &Snapshot<Customer>,
    after: &Customer,
    patch: &CustomerPatch,
    if_match: &IfMatch,
) -> Result<Vec<Write<'static>>> {
    if patch.limits.is_some() {
        let root = Write::update_existing(keys::customer_root(&CustomerRoot::new(after.id))).new_version();
        let attributes = rate_limits::attributes(after.limits.as_ref())?.into_iter();
        let root = attributes.fold(root, |root, (name, value)| root.set_or_remove(name, value));
        return Ok(vec![change(read, after)?, root]);
    }
    if if_match.is_present() {
        return Ok(vec![change(read, after)?]);
    }
    let mut given = vec!["updated_at"];
    given.extend(patch.display_name.is_some().then_some("display_name"));
    given.extend(patch.description.is_some().then_some("description"));
    given.extend(patch.labels.is_some().then_some("labels"));
    let write = Write::overwrite(read, &row(&CustomerRow::from(after.clone()))?, &given);
    Ok(vec![write.with_condition("{state} = ?", [text("active")])])
}

/// The first read of the customer in a path.
pub struct CustomerLookup {
    name: CustomerName,
    found: LookupResult,
    /// Whether the details of the keys are also needed.
    with_details: bool,
}

enum LookupResult {
    /// The customer and the details of its keys, whose table keys contain the slug.
    BySlug(Option<Snapshot<Customer>>, KeyDetailsItem),
    /// The root of the customer, which contains the slug. Its table key contains the id, so no index is needed.
    ById(Option<Snapshot<CustomerKeys>>),
}

impl FirstRead<CustomerLookup> {
    /// The customer in a path.
    pub fn customer(operator: &OperatorRoot, name: CustomerName) -> Self {
        Self::named(operator, name, false)
    }

    /// The customer in a path and the details of its keys.
    pub fn customer_with_key_details(operator: &OperatorRoot, name: CustomerName) -> Self {
        Self::named(operator, name, true)
    }

    fn named(operator: &OperatorRoot, name: CustomerName, with_details: bool) -> Self {
        let named = move |name, found| Ok(CustomerLookup { name, found, with_details });
        match &name {
            CustomerName::Id(id) => {
                let root = FirstRead::entity(keys::customer_root(&CustomerRoot::new(*id)));
                root.map(move |root| named(name, LookupResult::ById(root)))
            }
            CustomerName::Slug(slug) => {
                let customer = FirstRead::entity(keys::customer(operator, slug));
                let details = match with_details {
                    true => FirstRead::key_details(operator, slug),
                    false => FirstRead::nothing(KeyDetailsItem::default()),
                };
                customer
                    .and(details)
                    .map(move |(customer, details)| named(name, LookupResult::BySlug(customer, details)))
            }
        }
    }
}

/// A customer after the look-up, archived or not.
pub(super) struct ResolvedCustomer {
    /// `None` if it does not exist or belongs to another operator.
    pub customer: Option<Snapshot<Customer>>,
    pub details: KeyDetailsItem,
    /// The root of the customer, if it was read.
    pub root: Option<Snapshot<CustomerKeys>>,
    /// The name of the customer in the fingerprint of a request: its id, also if the path has the slug.
    pub fingerprint_name: String,
}

impl ResolvedCustomer {
    /// The customer. Fails if it does not exist or is archived.
    pub fn active(&self) -> Result<&Snapshot<Customer>> {
        let customer = self.customer.as_ref().ok_or(Error::NotFound)?;
        customer.entity.check_active()?;
        Ok(customer)
    }
}

/// A page of customers.
#[derive(Debug)]
pub struct CustomerPage {
    /// The customers of the page.
    pub customers: Vec<Customer>,
    /// The sort key after which the next page begins, if there may be more.
    pub position: Option<String>,
}

impl Store {
    /// Creates a customer and its root.
    pub async fn create_customer(
        &self,
        operator: &Operator,
        new: NewCustomer,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Customer>> {
        let id: CustomerId = self.new_id()?;
        let customer = new.clone().into_customer(id);
        let (root, slug) = (operator.root(), customer.customer_id.clone());

        let mut item = new_item("customer", &CustomerRow::from(customer.clone()))?;
        let by_creation = keys::customers_by_creation(root).index_attributes(id_sort_key(id));
        item.extend(by_creation.map(|(name, value)| (name.to_owned(), value)));
        let mut root_item = new_item("root", &Empty {})?;
        root_item.extend([
            ("operator".to_owned(), text(root.operator().as_str())),
            ("customer_id".to_owned(), text(slug.as_str())),
            ("state".to_owned(), text("active")),
            ("keys".to_owned(), item::value(&Empty {})?),
        ]);
        let limits = rate_limits::attributes(customer.limits.as_ref())?.into_iter();
        root_item.extend(limits.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let taken = |old: Option<&Item>| {
            let detail = match old.and_then(|old| get_text(old, "state")) {
                Some("archived") => {
                    format!(
                        "The customer_id \"{slug}\" belongs to an archived customer: restoreCustomer brings it back."
                    )
                }
                _ => format!("The customer_id \"{slug}\" is taken by another customer."),
            };
            Error::NameConflict(Conflict::new(item::holder(old), detail))
        };
        let writes = vec![
            Write::put_new(keys::customer(root, &slug), item).with_history().on_condition_failed(taken),
            Write::put_new(keys::customer_root(&CustomerRoot::new(id)), root_item).with_history(),
        ];
        let replay = |id: &str| Some(new.into_customer(CustomerId::parse(id)?));
        self.create(&Root::Operator(root.clone()), request, (id, customer), writes, replay).await
    }

    /// Completes the look-up of a customer, archived or not. A customer of another operator is not found.
    pub(super) async fn resolve_customer(
        &self,
        operator: &OperatorRoot,
        lookup: CustomerLookup,
    ) -> Result<ResolvedCustomer> {
        let (mut customer, mut details, mut root) = (None, KeyDetailsItem::default(), None);
        match lookup.found {
            LookupResult::BySlug(found, found_details) => (customer, details) = (found, found_details),
            LookupResult::ById(found) => root = found.filter(|root| root.entity.operator == *operator.operator()),
        }
        if let Some(root) = &root {
            let slug = &root.entity.customer_id;
            if lookup.with_details {
                let both =
                    FirstRead::entity(keys::customer(operator, slug)).and(FirstRead::key_details(operator, slug));
                (customer, details) = self.read_together(both).await?;
            } else {
                customer = self.snapshot(&keys::customer(operator, slug)).await?;
            }
        }
        let fingerprint_name = match (&customer, lookup.name) {
            (Some(customer), _) => customer.entity.id.to_string(),
            (None, CustomerName::Id(id)) => id.to_string(),
            (None, CustomerName::Slug(slug)) => slug.to_string(),
        };
        Ok(ResolvedCustomer { customer, details, root, fingerprint_name })
    }

    /// A customer that is not archived.
    pub async fn customer(&self, operator: &Operator, lookup: CustomerLookup) -> Result<Customer> {
        Ok(self.resolve_customer(operator.root(), lookup).await?.active()?.entity.clone())
    }

    /// A page of the operator's customers.
    pub async fn customers(&self, operator: &OperatorRoot, list: &CustomerList) -> Result<CustomerPage> {
        let partition = match list.order.field {
            OrderField::CustomerId => keys::customers(operator),
            OrderField::CreatedAt => keys::customers_by_creation(operator),
        };
        let query = PageQuery {
            descending: list.order.descending,
            after: list.after.clone(),
            limit: list.page_size,
            has_filter: list.filter.is_some(),
        };
        let is_included = |customer: &Customer| {
            (list.show_archived || customer.state == CustomerState::Active)
                && list.filter.as_ref().is_none_or(|filter| filter.matches(customer))
        };
        let page = self.query_page(&partition, query, Customer::from_item, is_included).await?;
        Ok(CustomerPage { customers: page.rows, position: page.position })
    }

    /// Changes a customer; a patch that changes nothing writes nothing.
    pub async fn update_customer(
        &self,
        operator: &Operator,
        lookup: CustomerLookup,
        patch: &CustomerPatch,
        if_match: &IfMatch,
    ) -> Result<Customer> {
        let customer = self.resolve_customer(operator.root(), lookup).await?.customer;
        let decide = |read: &Snapshot<Customer>| {
            Ok(match read.entity.patched(patch, if_match, self.now)? {
                Change::Unchanged => Change::Unchanged,
                Change::To(changed) => Change::To((patched(read, &changed, patch, if_match)?, changed)),
            })
        };
        self.overwrite(customer, decide).await
    }

    /// Archives a customer. It and its whole subtree are then not found.
    pub async fn archive_customer(
        &self,
        operator: &Operator,
        lookup: CustomerLookup,
        if_match: &IfMatch,
    ) -> Result<()> {
        let customer = self.resolve_customer(operator.root(), lookup).await?.customer;
        let decide = |read: &Snapshot<Customer>| {
            let archived = read.entity.archived(if_match, self.now)?;
            let mut writes = with_root_state(change(read, &archived)?, &archived);
            writes.extend(gates::put_all(|number| keys::customer_gate(&CustomerRoot::new(archived.id), number))?);
            Ok(Decision { writes, answer: () })
        };
        self.change(customer, decide).await
    }

    /// Restores a customer as it was before it was archived. An active customer does not change.
    pub async fn restore_customer(
        &self,
        operator: &Operator,
        lookup: CustomerLookup,
        earlier: EarlierRequest,
        request: Option<&IdempotentRequest>,
    ) -> Result<IdempotentResult<Customer>> {
        let records = Root::Operator(operator.root().clone());
        let resolved = self.resolve_customer(operator.root(), lookup).await?;
        let request = request.map(|request| request.about(&resolved.fingerprint_name));
        if let Some(record) = self.matching_record(earlier, request.as_ref())? {
            return Ok(IdempotentResult::replay(from_answer(&record)?));
        }
        let restore = async |read: Option<Snapshot<Customer>>| {
            let read = read.ok_or(Error::NotFound)?;
            let Change::To(restored) = read.entity.restored(self.now) else {
                // A concurrent duplicate may have restored it after the record was read.
                let earlier = self.earlier_request(&records, request.as_ref()).await?;
                return Ok(ControlFlow::Break(match self.matching_record(earlier, request.as_ref())? {
                    Some(record) => IdempotentResult::replay(from_answer(&record)?),
                    None => IdempotentResult::first(read.entity),
                }));
            };
            let mut writes = with_root_state(change(&read, &restored)?, &restored);
            writes.extend(gates::delete_all(|number| keys::customer_gate(&CustomerRoot::new(restored.id), number)));
            let answer = serde_json::to_string(&CustomerRow::from(restored.clone())).map_err(Error::internal)?;
            match self.commit_idempotent(&records, request.as_ref(), restored.id, Some(answer), writes).await? {
                IdempotentOutcome::Applied => Ok(ControlFlow::Break(IdempotentResult::first(restored))),
                IdempotentOutcome::Replayed(record) => {
                    Ok(ControlFlow::Break(IdempotentResult::replay(from_answer(&record)?)))
                }
                IdempotentOutcome::ConditionFailed(failed) => {
                    Ok(ControlFlow::Continue(self.reread(&read.key, failed).await?))
                }
            }
        };
        self.retry(resolved.customer, restore).await
    }
}

/// The write of a customer, and one of its root, so that authentication sees the same state.
fn with_root_state<'a>(change: Write<'a>, customer: &Customer) -> Vec<Write<'a>> {
    let state = match customer.state {
        CustomerState::Active => "active",
        CustomerState::Archived => "archived",
    };
    let root = keys::customer_root(&CustomerRoot::new(customer.id));
    vec![change, Write::update_existing(root).new_version().set("state", text(state))]
}

/// The customer in the answer of an earlier restore.
fn from_answer(record: &Record) -> Result<Customer> {
    let row: CustomerRow = serde_json::from_str(record.answer()?).map_err(Error::internal)?;
    Ok(row.into())
}

/// An item or map without attributes.
#[derive(Serialize)]
struct Empty {}
