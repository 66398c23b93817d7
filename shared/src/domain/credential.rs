//! The credential of a request: an API key or a user's token (contract section 1). It proves nothing until the store has looked it up.

use super::principal::{ConversationScope, CustomerRoot, OperatorRoot};
use super::secret::{Claim, Root};
use super::token::UnverifiedToken;

/// The content of a bearer token.
pub enum Credential {
    /// An API key.
    Key(Claim),
    /// A user's token.
    Token {
        /// The token.
        token: UnverifiedToken,
        /// The issuer that it must have: the base URL of the deployment.
        issuer: String,
    },
}

impl Credential {
    /// Parses a bearer token. `issuer` is the base URL of the deployment.
    pub fn parse(text: &str, issuer: &str) -> Option<Self> {
        if text.starts_with("sk_") {
            Claim::parse(text).map(Self::Key)
        } else {
            UnverifiedToken::parse(text).map(|token| Self::Token { token, issuer: issuer.to_owned() })
        }
    }

    /// The subtree of an operator's key.
    pub fn operator(&self) -> Option<OperatorRoot> {
        match self {
            Self::Key(Claim { root: Root::Operator(root), .. }) => Some(root.clone()),
            _ => None,
        }
    }

    /// The subtree of an integration's key.
    pub fn integration(&self) -> Option<CustomerRoot> {
        match self {
            Self::Key(Claim { root: Root::Customer(root), .. }) => Some(*root),
            _ => None,
        }
    }

    /// The conversations of an integration's customer, or of the user of a token.
    pub fn conversations(&self) -> Option<ConversationScope> {
        match self {
            Self::Key(Claim { root: Root::Customer(root), .. }) => Some(ConversationScope::new(*root, None)),
            Self::Key(_) => None,
            Self::Token { token, .. } => Some(ConversationScope::new(token.root(), Some(token.user()))),
        }
    }
}
