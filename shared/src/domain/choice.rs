//! A seeded random generator for tests, where proptest is too slow or does not reach far enough.

/// A xorshift generator. The seed must not be 0.
pub struct Choice(pub u64);

impl Choice {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// One of the options.
    pub fn of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        let index = self.below(options.len() as u64) as usize;
        options.iter().copied().cycle().nth(index).unwrap_or_default()
    }
}
