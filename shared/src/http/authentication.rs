//! Authenticates the caller by the `Authorization` header. Data that is read in parallel is only returned together with the
//! authenticated principal.

use super::request::Request;
use crate::domain::principal::{CustomerRoot, Integration, Operator, OperatorRoot, Scope, Scopes};
use crate::domain::secret::{Claim, Root};
use crate::domain::{CredentialError, Error, Result};
use crate::store::{FirstRead, Principal, Store};

/// A kind of principal.
trait Caller: Sized {
    type Root;
    const WRONG_KIND: &str;
    fn root(root: &Root) -> Option<&Self::Root>;
    fn from_principal(principal: Principal) -> Option<Self>;
    fn scopes(&self) -> Scopes;
}

impl Caller for Operator {
    type Root = OperatorRoot;
    const WRONG_KIND: &str = "This operation needs an operator's key.";

    fn root(root: &Root) -> Option<&OperatorRoot> {
        if let Root::Operator(root) = root { Some(root) } else { None }
    }

    fn from_principal(principal: Principal) -> Option<Self> {
        if let Principal::Operator(operator) = principal { Some(operator) } else { None }
    }

    fn scopes(&self) -> Scopes {
        self.scopes
    }
}

impl Caller for Integration {
    type Root = CustomerRoot;
    const WRONG_KIND: &str = "This operation needs an integration's key.";

    fn root(root: &Root) -> Option<&CustomerRoot> {
        if let Root::Customer(root) = root { Some(root) } else { None }
    }

    fn from_principal(principal: Principal) -> Option<Self> {
        if let Principal::Integration(integration) = principal { Some(integration) } else { None }
    }

    fn scopes(&self) -> Scopes {
        self.scopes
    }
}

impl Request {
    /// Authenticates an operator that has `scope`, if one is required.
    pub async fn operator(&self, store: &Store, scope: Option<Scope>) -> Result<Operator> {
        Ok(self
            .authenticate_caller(store, scope, async |claim, _| authenticated(store.authenticate(claim).await))
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
            .authenticate_caller(store, scope, async |claim, _| authenticated(store.authenticate(claim).await))
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
        self.authenticate_caller(store, scope, async |claim, root| {
            let (principal, found) = tokio::join!(store.authenticate(claim), query(root));
            Ok((principal?, found))
        })
        .await
    }

    async fn authenticate_and_read<C: Caller, T: 'static, U>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        first: impl FnOnce(&C::Root) -> Result<(FirstRead<T>, U)>,
    ) -> Result<(C, (T, U))> {
        self.authenticate_caller(store, scope, async |claim, root| {
            Ok(match first(root) {
                Ok((first, more)) => {
                    let (principal, found) = store.authenticate_and(claim, first).await?;
                    (principal, found.map(|found| (found, more)))
                }
                Err(error) => (store.authenticate(claim).await?, Err(error)),
            })
        })
        .await
    }

    /// The caller, if it is of the required kind, and the data that `check` read. The order of errors is: no valid key, the wrong kind of
    /// key, the missing scope, the errors of the request.
    async fn authenticate_caller<C: Caller, T>(
        &self,
        store: &Store,
        scope: Option<Scope>,
        check: impl AsyncFnOnce(&Claim, &C::Root) -> Result<(Principal, Result<T>)>,
    ) -> Result<(C, T)> {
        let claim = self.claim()?;
        let Some(root) = C::root(&claim.root) else {
            store.authenticate(&claim).await?;
            return Err(Error::Forbidden(C::WRONG_KIND.into()));
        };
        let (principal, found) = check(&claim, root).await?;
        let caller = C::from_principal(principal).ok_or(Error::Forbidden(C::WRONG_KIND.into()))?;
        check_scope(caller.scopes(), scope)?;
        Ok((caller, found?))
    }

    /// The claim of the bearer token. Repeated headers are joined by a comma, which no token contains.
    fn claim(&self) -> Result<Claim> {
        let header = self.header("authorization").unwrap_or_default();
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        let (bearer, token) = (scheme.eq_ignore_ascii_case("bearer"), token.trim_start_matches(' '));
        if header.is_empty() || bearer && token.is_empty() {
            return Err(Error::Unauthorized(CredentialError::Missing));
        }
        Claim::parse(token).filter(|_| bearer).ok_or(Error::Unauthorized(CredentialError::Malformed))
    }
}

fn authenticated(principal: Result<Principal>) -> Result<(Principal, Result<()>)> {
    Ok((principal?, Ok(())))
}

fn check_scope(scopes: Scopes, needed: Option<Scope>) -> Result<()> {
    match needed {
        Some(scope) if !scopes.contains(scope) => {
            let needed = scope.name();
            Err(Error::Forbidden(
                format!("This operation needs the scope {needed}, which the key does not have.").into(),
            ))
        }
        _ => Ok(()),
    }
}
