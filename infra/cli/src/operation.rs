//! The operations of the API as a table, which build.rs makes from infra/openapi.yaml.

/// One command: an operation, or a shortcut for one of its values.
#[derive(Debug)]
pub struct Operation {
    /// `operationId` of the document.
    pub id: &'static str,
    pub group: &'static str,
    pub command: &'static str,
    pub about: &'static str,
    pub description: &'static str,
    pub method: &'static str,
    /// With its parameters in braces.
    pub path: &'static str,
    pub caller: Caller,
    /// The one member that a shortcut sends, and its value.
    pub fixed: Option<(&'static str, &'static str)>,
    pub takes_body: bool,
    /// Of a list: the member of the answer that has the rows.
    pub rows: Option<&'static str>,
    pub arguments: &'static [Argument],
}

/// Whose key an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Operator,
    /// An integration, and for some operations an end user.
    Integration,
    Anyone,
}

/// A parameter, or a member of the body.
#[derive(Debug)]
pub struct Argument {
    pub flag: &'static str,
    pub place: Place,
    /// A parameter's name; the path to a member of the body.
    pub name: &'static [&'static str],
    pub kind: Kind,
    pub required: bool,
    pub nullable: bool,
    /// The possible values, if they are listed.
    pub values: &'static [&'static str],
    /// What an id begins with, without the underscore.
    pub prefix: Option<&'static str>,
    /// The greatest possible value.
    pub most: Option<u64>,
    pub about: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Boolean,
    Texts,
    Map,
}

impl Operation {
    pub fn find(group: &str, command: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.group == group && operation.command == command)
    }

    /// Whether something is gone afterwards.
    pub fn is_destructive(&self) -> bool {
        self.method == "DELETE"
    }

    pub fn arguments_in(&self, place: Place) -> impl Iterator<Item = &'static Argument> {
        self.arguments.iter().filter(move |argument| argument.place == place)
    }

    pub fn argument(&self, flag: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.flag == flag)
    }
}

impl Argument {
    /// The name by which `--unset` and error messages call it: `settings.filler_enabled`.
    pub fn dotted(&self) -> String {
        self.name.join(".")
    }
}

include!(concat!(env!("OUT_DIR"), "/operations.rs"));
