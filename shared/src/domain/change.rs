//! The result of a decision. Decisions are pure: the store reads, the domain decides, the store commits.

/// A decision on a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<T> {
    /// The resource does not change. Nothing is written.
    Unchanged,
    /// The new state of the resource.
    To(T),
}
