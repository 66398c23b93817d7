//! Who calls, and what they may (contract section 1).

use super::{CustomerId, KeyId, TenantId, Timestamp, customer::Slug};
use std::fmt;

/// A write that a key may be allowed. A read needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// Operator: customers.
    CustomersWrite,
    /// Operator: keys of customers.
    KeysWrite,
    /// Integration: tenants and attachments.
    TenantsWrite,
    /// Integration: the repository registry.
    RepositoriesWrite,
    /// Integration: users.
    UsersWrite,
    /// Integration: roles.
    RolesWrite,
    /// Integration: reading conversations and messages.
    ConversationsReadAll,
    /// Integration: writing conversations and messages.
    ConversationsWrite,
    /// Integration: token exchange.
    TokensWrite,
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `sk_ops_…`: an operator's.
    Operator,
    /// `sk_int_…`: a customer's integration.
    Integration,
}

impl Scope {
    /// Every scope, in the order in which they are shown.
    pub const ALL: [(Scope, KeyKind, &'static str); 9] = [
        (Self::CustomersWrite, KeyKind::Operator, "customers:write"),
        (Self::KeysWrite, KeyKind::Operator, "keys:write"),
        (Self::TenantsWrite, KeyKind::Integration, "tenants:write"),
        (Self::RepositoriesWrite, KeyKind::Integration, "repositories:write"),
        (Self::UsersWrite, KeyKind::Integration, "users:write"),
        (Self::RolesWrite, KeyKind::Integration, "roles:write"),
        (Self::ConversationsReadAll, KeyKind::Integration, "conversations:read_all"),
        (Self::ConversationsWrite, KeyKind::Integration, "conversations:write"),
        (Self::TokensWrite, KeyKind::Integration, "tokens:write"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(scope, ..)| *scope == self).map_or("", |(_, _, name)| name)
    }
}

/// A set of scopes, kept as bits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Every scope of a kind of key.
    pub fn all(kind: KeyKind) -> Self {
        let of_kind = Scope::ALL.into_iter().filter(|(_, owner, _)| *owner == kind);
        of_kind.fold(Self::default(), |scopes, (scope, ..)| scopes.with(scope))
    }

    /// This set and one more.
    #[must_use]
    pub fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether the set has it.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// The set's names, in the order in which they are shown.
    pub fn names(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|(scope, ..)| self.contains(*scope)).map(|(_, _, name)| name).collect()
    }

    /// As it is stored.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// As it was stored.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The scope of this kind of key with this name.
    pub fn find(kind: KeyKind, name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|(_, owner, known)| *owner == kind && *known == name).map(|(scope, ..)| scope)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

/// An operator's subtree. Only a credential names one: there is no way from a path or a body to here,
/// and every key of the table begins with one (`store::keys`).
///
/// What must not compile stands beside a twin that does, in these docs: the code of an error is checked by
/// nightly compilers alone, and a name that is not there any more would be an error too.
///
/// ```compile_fail,E0423
/// // A root cannot be made of a text.
/// use tenancy::domain::{customer::Slug, principal::{Operator, OperatorRoot}};
/// fn root(operator: &Operator, name: Slug) -> OperatorRoot { OperatorRoot(name) }
/// ```
/// ```
/// use tenancy::domain::{customer::Slug, principal::{Operator, OperatorRoot}};
/// fn root(operator: &Operator, name: Slug) -> OperatorRoot { operator.root().clone() }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRoot(Slug);

/// A customer's subtree, likewise.
///
/// ```compile_fail,E0423
/// // A tenant's or customer's id from a path is no root either.
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { CustomerRoot(id) }
/// ```
/// ```compile_fail,E0624
/// // Nor is there another way to make one.
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { CustomerRoot::new(id) }
/// ```
/// ```
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { *integration.root() }
/// ```
///
/// ```compile_fail,E0603
/// // The store's keys are nobody's but the store's, with or without a root.
/// use tenancy::{domain::{TenantId, principal::CustomerRoot}, store::Store};
/// async fn read(store: &Store, root: &CustomerRoot, id: TenantId) { let _ = tenancy::store::keys::tenant(root, id); }
/// ```
/// ```compile_fail,E0616
/// // And so is the client, with which a text could be asked for as a partition.
/// use tenancy::{domain::{TenantId, principal::CustomerRoot}, store::Store};
/// async fn read(store: &Store, root: &CustomerRoot, id: TenantId) { let _ = store.client.query(); }
/// ```
/// ```
/// use tenancy::{domain::{TenantId, principal::CustomerRoot}, store::{FirstRead, Store}};
/// fn read(store: &Store, root: &CustomerRoot, id: TenantId) { let _ = FirstRead::tenant(root, id); }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerRoot(CustomerId);

impl OperatorRoot {
    /// For the credential's own parser and the operator-key command.
    pub(crate) fn new(name: Slug) -> Self {
        Self(name)
    }

    /// The operator's name.
    pub fn operator(&self) -> &Slug {
        &self.0
    }
}

impl CustomerRoot {
    /// For the credential's own parser, and for the store when it follows an operator's own customer.
    pub(crate) fn new(id: CustomerId) -> Self {
        Self(id)
    }

    /// The customer's id.
    pub fn customer_id(&self) -> CustomerId {
        self.0
    }
}

/// An operator whose key was checked: the proof that writes ask for.
///
/// ```compile_fail,E0451
/// // Only authentication makes one.
/// use tenancy::domain::principal::{KeyKind, Operator, OperatorRoot, Scopes};
/// fn forge(root: OperatorRoot) -> Operator {
///     Operator { root, scopes: Scopes::all(KeyKind::Operator), page_key: [0; 32] }
/// }
/// ```
/// ```
/// use tenancy::domain::principal::{KeyKind, Operator, OperatorRoot, Scopes};
/// fn look(operator: &Operator) -> (&OperatorRoot, Scopes, &[u8; 32]) {
///     (operator.root(), Scopes::all(KeyKind::Operator), operator.page_key())
/// }
/// ```
pub struct Operator {
    pub(crate) root: OperatorRoot,
    pub(crate) scopes: Scopes,
    /// Seals this operator's page tokens.
    pub(crate) page_key: [u8; 32],
}

/// Without the key that seals.
impl fmt::Debug for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Operator")
            .field("root", &self.root)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Operator {
    /// The operator's subtree.
    pub fn root(&self) -> &OperatorRoot {
        &self.root
    }

    /// What seals this operator's page tokens.
    pub fn page_key(&self) -> &[u8; 32] {
        &self.page_key
    }
}

/// An integration whose key was checked.
///
/// ```compile_fail,E0308
/// // A root alone is no proof: a write wants the checked key itself.
/// use tenancy::domain::{precondition::IfMatch, principal::{CustomerRoot, Integration}};
/// async fn delete(store: &tenancy::store::Store, root: &CustomerRoot, integration: &Integration) {
///     let _ = store.delete_tenant(root, None, &IfMatch::default()).await;
/// }
/// ```
/// ```
/// use tenancy::domain::{precondition::IfMatch, principal::{CustomerRoot, Integration}};
/// async fn delete(store: &tenancy::store::Store, root: &CustomerRoot, integration: &Integration) {
///     let _ = store.delete_tenant(integration, None, &IfMatch::default()).await;
/// }
/// ```
#[derive(Debug)]
pub struct Integration {
    pub(crate) root: CustomerRoot,
    pub(crate) key_id: KeyId,
    pub(crate) scopes: Scopes,
    /// Whose customer this is.
    pub(crate) operator: OperatorRoot,
    /// The customer's slug.
    pub(crate) customer: Slug,
}

impl Integration {
    /// The customer's subtree.
    pub fn root(&self) -> &CustomerRoot {
        &self.root
    }

    /// The key that was shown.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What the key may write.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The customer's slug.
    pub fn customer(&self) -> &Slug {
        &self.customer
    }
}

/// How an integration sees itself: `GET /integration/self`.
#[derive(Debug, serde::Serialize)]
pub struct IntegrationView {
    object: &'static str,
    key_id: KeyId,
    name: String,
    root_tenant_id: TenantId,
    customer_id: Slug,
    scopes: Vec<&'static str>,
    approver_keys: [(); 0],
}

impl Integration {
    /// The integration as it is shown, with the name of its key.
    pub fn view(&self, name: String) -> IntegrationView {
        IntegrationView {
            object: "integration_principal",
            key_id: self.key_id,
            name,
            root_tenant_id: self.root.customer_id().with_kind(),
            customer_id: self.customer.clone(),
            scopes: self.scopes.names(),
            approver_keys: [],
        }
    }
}

/// Whether a key is good at `now`: neither revoked nor expired.
pub fn is_live(expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>, now: Timestamp) -> bool {
    revoked_at.is_none() && expires_at.is_none_or(|end| end > now)
}
