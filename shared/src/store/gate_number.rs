//! The number of a gate (`super::gates`).

use std::fmt;

/// The number of gates. A change of all gates waits for the transactions that use one, so more gates do not make it slower; but a
/// suspension writes them all (docs/access-patterns.md).
const GATES: u8 = 16;

/// One of the gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateNumber(u8);

impl GateNumber {
    /// The gate of a random number.
    pub(super) fn new(random: u8) -> Self {
        Self(random % GATES)
    }

    /// All gates.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..GATES).map(Self)
    }
}

/// One hexadecimal digit.
impl fmt::Display for GateNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}", self.0)
    }
}
