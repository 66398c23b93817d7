//! What needs no credential, and paths and methods that do not exist (contract sections 1 and 2).

mod public {
    mod documents;
    mod malformed;
    mod paths;
    mod registry;
}
