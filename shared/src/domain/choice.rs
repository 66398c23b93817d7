//! Seeded choices for tests, where proptest is too slow or does not reach far enough.

/// The same seed makes the same choices.
pub struct Choice(fastrand::Rng);

impl Choice {
    /// Choices by a seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound)
    }

    /// One of the options.
    pub fn of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        self.0.choice(options).copied().unwrap_or_default()
    }
}
