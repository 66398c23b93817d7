//! What a decision makes of a resource. Decisions are pure: the store reads, the domain decides, the store commits.

/// A resource after a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<T> {
    /// It stays as it is: nothing is written.
    Unchanged,
    /// This is what it becomes.
    To(T),
}
