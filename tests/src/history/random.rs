//! Numbers that look random and depend on nothing but their seed.

use fastrand::Rng;

/// The sequence of a seed and of what it is for.
pub fn random(seed: u64, purpose: &[usize]) -> Rng {
    purpose.iter().fold(Rng::with_seed(seed), |mut rng, part| Rng::with_seed(rng.u64(..) ^ *part as u64))
}

/// True in so many of a hundred cases.
pub fn percent(rng: &mut Rng, cases: usize) -> bool {
    rng.usize(..100) < cases
}
