//! What random tests choose by, where proptest would take too long or could not reach.

/// Choices that depend on nothing but their seed, which is not 0 (xorshift).
pub struct Choice(pub u64);

impl Choice {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// One of these.
    pub fn of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        let index = self.below(options.len() as u64) as usize;
        options.iter().copied().cycle().nth(index).unwrap_or_default()
    }
}
