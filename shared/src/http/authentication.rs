//! Authenticates the caller by the `Authorization` header: an API key or a user's token. Data that is read in parallel is only returned together with the
//! authenticated principal.

use super::request::Request;
use crate::domain::credential::Credential;
use crate::domain::principal::{
    Caller, ConversationScope, CustomerRoot, Integration, Operator, OperatorRoot, Scope, Scopes,
};
use crate::domain::{CredentialError, Error, Result};
use crate::store::{FirstRead, Principal, Store};

/// A kind of principal.
trait PrincipalKind: Sized {
    type Root;
    const WRONG_KIND: &str;
    fn root(credential: &Credential) -> Option<Self::Root>;
    fn from_principal(principal: Principal) -> Option<Self>;
    /// The scopes of the key; `None` if the credential has no scopes and needs none.
    fn scopes(&self) -> Option<Scopes>;
}

impl PrincipalKind for Operator {
    type Root = OperatorRoot;
    const WRONG_KIND: &str = "This operation needs an operator's key.";

    fn root(credential: &Credential) -> Option<OperatorRoot> {
        credential.operator()
    }

    fn from_principal(principal: Principal) -> Option<Self> {
        if let Principal::Operator(operator) = principal { Some(operator) } else { None }
    }

    fn scopes(&self) -> Option<Scopes> {
        Some(self.scopes)
    }
}

impl PrincipalKind for Caller {
    type Root = ConversationScope;
    const WRONG_KIND: &str = "This operation needs an integration's key or a user's token.";

    fn root(credential: &Credential) -> Option<ConversationScope> {
        credential.conversations()
    }

    fn from_principal(principal: Principal) -> Option<Self> {
        match principal {
            Principal::Operator(_) => None,
            Principal::Integration(integration) => Some(Self::Integration(integration)),
            Principal::User(user) => Some(Self::User(user)),
        }
    }

    fn scopes(&self) -> Option<Scopes> {
        match self {
            Self::Integration(integration) => Some(integration.scopes()),
            Self::User(_) => None,
        }
    }
}

impl PrincipalKind for Integration {
    type Root = CustomerRoot;
    const WRONG_KIND: &str = "This operation needs an integration's key.";

    fn root(credential: &Credential) -> Option<CustomerRoot> {
        credential.integration()
    }

    fn from_principal(principal: Principal) -> Option<Self> {
        if let Principal::Integration(integration) = principal { Some(integration) } else { None }
    }

    fn scopes(&self) -> Option<Scopes> {
        Some(self.scopes)
    }
}

impl Request {
    /// Authenticates an operator that has `scope`, if one is required.
    pub async fn operator(&self, store: &Store, scope: Option<Scope>) -> Result<Operator> {
        Ok(self
            .authenticate_caller(store, scope, async |credential, _| {
                authenticated(store.authenticate(credential).await)
            })
            .await?
            .0)
    }

    /// Authenticates an operator and reads what the operation needs first, in one request to the store. `first` parses the request: its
    /// errors are returned only if the caller is authorized. Its second value is returned as it is.
    pub async fn operator_reading<T: 'static, U>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&OperatorRoot) -> Result<(FirstRead<T>, U)>,
    ) -> Result<(Operator, T, U)> {
        let (operator, (found, more)) = self.authenticate_and_read(store, scope, first).await?;
        Ok((operator, found, more))
    }

    /// Authenticates an integration that has `scope`, if one is required.
    pub async fn integration(&self, store: &Store, scope: Option<Scope>) -> Result<Integration> {
        Ok(self
            .authenticate_caller(store, scope, async |credential, _| {
                authenticated(store.authenticate(credential).await)
            })
            .await?
            .0)
    }

    /// Authenticates an integration and reads what the operation needs first, as [`Request::operator_reading`] does.
    pub async fn integration_reading<T: 'static, U>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&CustomerRoot) -> Result<(FirstRead<T>, U)>,
    ) -> Result<(Integration, T, U)> {
        let (integration, (found, more)) = self.authenticate_and_read(store, scope, first).await?;
        Ok((integration, found, more))
    }

    /// Authenticates an integration and queries its subtree, in two parallel requests to the store.
    pub async fn integration_querying<T>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        query: impl AsyncFnOnce(&CustomerRoot) -> Result<T>,
    ) -> Result<(Integration, T)> {
        self.authenticate_caller(store, scope, async |credential, root| {
            let (principal, found) = tokio::join!(store.authenticate(credential), query(root));
            Ok((principal?, found))
        })
        .await
    }

    /// Authenticates the caller of an operation on conversations, as [`Request::operator_reading`] does. An integration needs `scope`.
    pub async fn caller_reading<T: 'static, U>(
        &self,
        store: &Store,
        scope: Scope,
        first: impl FnOnce(&ConversationScope) -> Result<(FirstRead<T>, U)>,
    ) -> Result<(Caller, T, U)> {
        let (caller, (found, more)) = self.authenticate_and_read(store, Some(scope), first).await?;
        Ok((caller, found, more))
    }

    /// Authenticates the caller of an operation on conversations, with a first read and, in parallel, a query.
    pub async fn caller_querying<T: 'static, U, Q>(
        &self,
        store: &Store,
        scope: Scope,
        first: impl FnOnce(&ConversationScope) -> Result<(FirstRead<T>, U)>,
        query: impl AsyncFnOnce(&ConversationScope, &U) -> Result<Q>,
    ) -> Result<(Caller, T, U, Q)> {
        self.authenticate_read_and_query(store, Some(scope), first, query).await
    }

    /// Authenticates an integration, with a first read and, in parallel, a query.
    pub async fn integration_reading_and_querying<T: 'static, U, Q>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&CustomerRoot) -> Result<(FirstRead<T>, U)>,
        query: impl AsyncFnOnce(&CustomerRoot, &U) -> Result<Q>,
    ) -> Result<(Integration, T, U, Q)> {
        self.authenticate_read_and_query(store, scope, first, query).await
    }

    async fn authenticate_read_and_query<C: PrincipalKind, T: 'static, U, Q>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&C::Root) -> Result<(FirstRead<T>, U)>,
        query: impl AsyncFnOnce(&C::Root, &U) -> Result<Q>,
    ) -> Result<(C, T, U, Q)> {
        let check = async |credential: &Credential, root: &C::Root| {
            let (first, more) = match first(root) {
                Ok(first) => first,
                Err(error) => return Ok((store.authenticate(credential).await?, Err(error))),
            };
            let (read, rows) = tokio::join!(store.authenticate_and(credential, first), query(root, &more));
            let (principal, found) = read?;
            Ok((principal, found.and_then(|found| Ok((found, more, rows?)))))
        };
        let (caller, (found, more, rows)) = self.authenticate_caller(store, scope, check).await?;
        Ok((caller, found, more, rows))
    }

    async fn authenticate_and_read<C: PrincipalKind, T: 'static, U>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&C::Root) -> Result<(FirstRead<T>, U)>,
    ) -> Result<(C, (T, U))> {
        self.authenticate_caller(store, scope, async |credential, root| {
            Ok(match first(root) {
                Ok((first, more)) => {
                    let (principal, found) = store.authenticate_and(credential, first).await?;
                    (principal, found.map(|found| (found, more)))
                }
                Err(error) => (store.authenticate(credential).await?, Err(error)),
            })
        })
        .await
    }

    /// The caller, if it is of the required kind, and the data that `check` read. The order of errors is: no valid key, the wrong kind of
    /// key, the missing scope, the errors of the request.
    async fn authenticate_caller<C: PrincipalKind, T>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        check: impl AsyncFnOnce(&Credential, &C::Root) -> Result<(Principal, Result<T>)>,
    ) -> Result<(C, T)> {
        let credential = self.credential()?;
        let Some(root) = C::root(&credential) else {
            store.authenticate(&credential).await?;
            return Err(Error::Forbidden(C::WRONG_KIND.into()));
        };
        let (principal, found) = check(&credential, &root).await?;
        let caller = C::from_principal(principal).ok_or(Error::Forbidden(C::WRONG_KIND.into()))?;
        check_scope(caller.scopes(), scope)?;
        Ok((caller, found?))
    }

    /// The bearer token. Repeated headers are joined by a comma, which no token contains.
    fn credential(&self) -> Result<Credential> {
        let header = self.header("authorization").unwrap_or_default();
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        let (bearer, token) = (scheme.eq_ignore_ascii_case("bearer"), token.trim_start_matches(' '));
        if header.is_empty() || bearer && token.is_empty() {
            return Err(Error::Unauthorized(CredentialError::Missing));
        }
        let credential = Credential::parse(token, self.base_url()).filter(|_| bearer);
        credential.ok_or(Error::Unauthorized(CredentialError::Malformed))
    }
}

fn authenticated(principal: Result<Principal>) -> Result<(Principal, Result<()>)> {
    Ok((principal?, Ok(())))
}

fn check_scope(scopes: Option<Scopes>, needed: Option<Scope>) -> Result<()> {
    match needed.zip(scopes) {
        Some((scope, scopes)) if !scopes.contains(scope) => {
            let needed = scope.name();
            Err(Error::Forbidden(
                format!("This operation needs the scope {needed}, which the key does not have.").into(),
            ))
        }
        _ => Ok(()),
    }
}
