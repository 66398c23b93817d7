//! Principals: the authenticated caller, its scopes and its subtree (contract section 1).

use super::{CustomerId, KeyId, SigningKeyId, TenantId, Timestamp, UserId, customer::Slug};
use std::fmt;

/// A permission of a key. Most reads need none.
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

/// The kinds of API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `sk_ops_…`: an operator's.
    Operator,
    /// `sk_int_…`: a customer's integration.
    Integration,
}

impl Scope {
    /// All scopes in display order.
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

    /// The name of the scope.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(scope, ..)| *scope == self).map_or("", |(_, _, name)| name)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// All scopes of a kind of key.
    pub fn all(kind: KeyKind) -> Self {
        let of_kind = Scope::ALL.into_iter().filter(|(_, owner, _)| *owner == kind);
        of_kind.fold(Self::default(), |scopes, (scope, ..)| scopes.with(scope))
    }

    /// This set with another scope.
    #[must_use]
    pub fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether the set contains a scope.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// The names of the scopes in display order.
    pub fn names(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|(scope, ..)| self.contains(*scope)).map(|(_, _, name)| name).collect()
    }

    /// The scopes as they are stored.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Stored scopes. Bits of scopes that this version does not know are kept, so that they are not lost when a key is written again.
    pub fn from_stored_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The scope of a kind of key with this name.
    pub fn find(kind: KeyKind, name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|(_, owner, known)| *owner == kind && *known == name).map(|(scope, ..)| scope)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

/// An operator's subtree. It can only be obtained from a credential, never from a path or a body. Every key of the table begins with
/// a root (`store::keys`).
///
/// Each example that must not compile has a counterpart that compiles. Stable compilers do not check the error code, so an example
/// with an outdated name would also fail.
///
/// ```compile_fail,E0423
/// // A root cannot be built from a string.
/// use tenancy::domain::{customer::Slug, principal::{Operator, OperatorRoot}};
/// fn root(operator: &Operator, name: Slug) -> OperatorRoot { OperatorRoot(name) }
/// ```
/// ```
/// use tenancy::domain::{customer::Slug, principal::{Operator, OperatorRoot}};
/// fn root(operator: &Operator, name: Slug) -> OperatorRoot { operator.root().clone() }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRoot(Slug);

/// A customer's subtree. It can only be obtained from a credential.
///
/// ```compile_fail,E0423
/// // Nor from the id of a tenant or customer from a path.
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { CustomerRoot(id) }
/// ```
/// ```compile_fail,E0624
/// // The constructor is private to the crate.
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { CustomerRoot::new(id) }
/// ```
/// ```
/// use tenancy::domain::{CustomerId, principal::{CustomerRoot, Integration}};
/// fn root(integration: &Integration, id: CustomerId) -> CustomerRoot { *integration.root() }
/// ```
///
/// ```compile_fail,E0603
/// // The store's keys are private to the store.
/// use tenancy::{domain::{TenantId, principal::CustomerRoot}, store::Store};
/// async fn read(store: &Store, root: &CustomerRoot, id: TenantId) { let _ = tenancy::store::keys::tenant(root, id); }
/// ```
/// ```compile_fail,E0616
/// // So is the client, which could query any partition.
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
    /// For the parser of credentials and the operator-key command.
    pub(crate) fn new(name: Slug) -> Self {
        Self(name)
    }

    /// The operator's name.
    pub fn operator(&self) -> &Slug {
        &self.0
    }
}

impl CustomerRoot {
    /// For the parser of credentials, and for the store when it looks up a customer of an operator.
    pub(crate) fn new(id: CustomerId) -> Self {
        Self(id)
    }

    /// The customer's id.
    pub fn customer_id(&self) -> CustomerId {
        self.0
    }
}

/// What a credential gives access to among conversations: all of a customer's, or those of one end user. It can only be obtained from a
/// credential.
///
/// ```compile_fail,E0624
/// // The constructor is private to the crate: no request can choose another user.
/// use tenancy::domain::{UserId, principal::{ConversationScope, CustomerRoot}};
/// fn scope(root: CustomerRoot, user: UserId) -> ConversationScope { ConversationScope::new(root, Some(user)) }
/// ```
/// ```
/// use tenancy::domain::{UserId, principal::ConversationScope};
/// fn user(scope: &ConversationScope) -> Option<UserId> { scope.user() }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConversationScope {
    root: CustomerRoot,
    user: Option<UserId>,
}

impl ConversationScope {
    /// For the parser of credentials, and for the sweep.
    pub(crate) fn new(root: CustomerRoot, user: Option<UserId>) -> Self {
        Self { root, user }
    }

    /// The customer's subtree.
    pub fn root(&self) -> &CustomerRoot {
        &self.root
    }

    /// The end user; `None` for an integration.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }
}

/// An authenticated operator. Writes require it as proof.
///
/// ```compile_fail,E0451
/// // Only authentication can construct one.
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
    /// The key that authenticates this operator's page tokens.
    pub(crate) page_key: [u8; 32],
}

/// Omits `page_key`.
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

    /// The key that authenticates this operator's page tokens.
    pub fn page_key(&self) -> &[u8; 32] {
        &self.page_key
    }
}

/// An authenticated integration.
///
/// ```compile_fail,E0308
/// // A root alone is no proof: a write requires the authenticated principal.
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
    /// The operator of the customer.
    pub(crate) operator: OperatorRoot,
    /// The customer's slug.
    pub(crate) customer: Slug,
}

impl Integration {
    /// The customer's subtree.
    pub fn root(&self) -> &CustomerRoot {
        &self.root
    }

    /// The key of the request.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The scopes of the key.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The customer's slug.
    pub fn customer(&self) -> &Slug {
        &self.customer
    }
}

/// An authenticated end user: the bearer of a token that an integration exchanged for one of its users.
#[derive(Debug)]
pub struct EndUser {
    pub(crate) root: CustomerRoot,
    pub(crate) user: UserId,
    /// The key that signed the token.
    pub(crate) signing_key: SigningKeyId,
}

/// An authenticated caller of an operation on conversations and messages.
///
/// ```compile_fail,E0451
/// // Only authentication can construct an end user.
/// use tenancy::domain::{SigningKeyId, UserId, principal::{CustomerRoot, EndUser}};
/// fn forge(root: CustomerRoot, user: UserId, signing_key: SigningKeyId) -> EndUser {
///     EndUser { root, user, signing_key }
/// }
/// ```
/// ```
/// use tenancy::domain::{UserId, principal::Caller};
/// fn user(caller: &Caller) -> Option<UserId> { caller.user() }
/// ```
#[derive(Debug)]
pub enum Caller {
    /// An integration, which has access to all conversations of its customer.
    Integration(Integration),
    /// An end user, who has access to their own.
    User(EndUser),
}

impl Caller {
    /// The customer's subtree.
    pub fn root(&self) -> &CustomerRoot {
        match self {
            Self::Integration(integration) => &integration.root,
            Self::User(user) => &user.root,
        }
    }

    /// The end user; `None` for an integration.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Integration(_) => None,
            Self::User(user) => Some(user.user),
        }
    }

    /// The conversations that it has access to.
    pub fn scope(&self) -> ConversationScope {
        ConversationScope::new(*self.root(), self.user())
    }
}

/// The answer of `GET /integration/self`.
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
    /// The representation of the integration, with the name of its key.
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

/// Whether a key is valid at `now`: neither revoked nor expired.
pub fn is_live(expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>, now: Timestamp) -> bool {
    revoked_at.is_none() && expires_at.is_none_or(|end| end > now)
}
