//! Draws account indices, uniformly or by Zipf's law, from counter-based random numbers.
//!
//! Draws are pure functions of (stream seed, transaction number): integer arithmetic, and software `exp` and `pow`, so
//! they are the same on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// Tries at drawing the second account of a pair before its neighbour is taken. With a steep skew nearly every draw is
/// the same account.
const PAIR_TRIES_MAX: usize = 8;

/// How accounts are chosen.
pub(crate) struct IndexSampler {
    accounts: u64,
    zipf: Option<Zipf>,
    /// Coprime to `accounts`: rank → rank·stride mod accounts is a permutation.
    stride: u64,
}

impl IndexSampler {
    /// `exponent` 0 is uniform.
    pub(crate) fn new(accounts: u64, exponent: f64) -> Self {
        assert!(accounts >= 2, "a pair needs two accounts");
        let zipf = (exponent > 0.0).then(|| Zipf::new(accounts, exponent));
        Self { accounts, zipf, stride: coprime_stride(accounts) }
    }

    /// One account. Expected O(1).
    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        match &self.zipf {
            None => random.below(self.accounts),
            // Spread the popular ranks over the accounts, so that popularity says nothing about an index.
            Some(zipf) => {
                (u128::from(zipf.rank(random) - 1) * u128::from(self.stride) % u128::from(self.accounts)) as u64
            }
        }
    }

    /// One account that is not `other`.
    pub(crate) fn draw_other(&self, random: &mut Random, other: u64) -> u64 {
        let drawn = (0..PAIR_TRIES_MAX).map(|_| self.draw(random)).find(|&index| index != other);
        drawn.unwrap_or((other + 1) % self.accounts)
    }

    /// Two different accounts. (a, b) is as likely as (b, a), whatever the skew: traffic is two-way on average and
    /// nobody is drained.
    pub(crate) fn draw_pair(&self, random: &mut Random) -> (u64, u64) {
        let first = self.draw(random);
        let second = self.draw_other(random, first);
        if random.below(2) == 0 { (first, second) } else { (second, first) }
    }
}

/// The first number from the golden section of `count` on that is coprime to it.
fn coprime_stride(count: u64) -> u64 {
    const GOLDEN_PER_MILLION: u64 = 618_034;
    let from = (count * GOLDEN_PER_MILLION / 1_000_000).max(1);
    (from..).find(|&stride| greatest_common_divisor(stride, count) == 1).expect("count + 1 is coprime to count")
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Zipf's law over ranks `1..=count` by rejection: no table, expected O(1).
///
/// Under the hat 1 on [0, 1) and x^-s beyond; rank = ⌊x⌋ + 1. (W. Hörmann and G. Derflinger, "Rejection-inversion to
/// generate variates from monotone discrete distributions", 1996; the form of `rand_distr::Zipf`.)
struct Zipf {
    count: f64,
    exponent: f64,
    /// Area under the hat.
    area: f64,
}

/// Exponents closer to 1 than this count as 1, where 1/(1-s) loses its digits.
const HARMONIC_WIDTH: f64 = 1e-6;

impl Zipf {
    fn new(count: u64, exponent: f64) -> Self {
        let count = count as f64;
        let exponent = if (exponent - 1.0).abs() < HARMONIC_WIDTH { 1.0 } else { exponent };
        let rest = 1.0 - exponent;
        let area = if rest == 0.0 { 1.0 + libm::log(count) } else { (libm::pow(count, rest) - exponent) / rest };
        Self { count, exponent, area }
    }

    fn rank(&self, random: &mut Random) -> u64 {
        loop {
            let x = self.invert(random.unit() * self.area);
            let rank = libm::floor(x + 1.0).min(self.count);
            let accepted = if rank <= 1.0 { 1.0 } else { libm::pow(x / rank, self.exponent) };
            if random.unit() < accepted {
                return rank as u64;
            }
        }
    }

    /// The x below which the hat's area is `area`.
    fn invert(&self, area: f64) -> f64 {
        let rest = 1.0 - self.exponent;
        if area <= 1.0 {
            area
        } else if rest == 0.0 {
            libm::exp(area - 1.0)
        } else {
            libm::pow(area * rest + self.exponent, 1.0 / rest)
        }
    }
}

/// The random numbers of one transaction.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// Random numbers that depend on both arguments only.
    pub(crate) fn new(seed: [u8; 32], number: u64) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(number);
        Self(rng)
    }

    /// A number below `bound`, by multiplication: the bias is below bound / 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in [0, 1).
    fn unit(&mut self) -> f64 {
        const MANTISSA_BITS: u32 = 53;
        (self.0.next_u64() >> (u64::BITS - MANTISSA_BITS)) as f64 / (1_u64 << MANTISSA_BITS) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// How often each account is drawn, most popular first.
    fn counts(accounts: u64, exponent: f64, draws: u64) -> Vec<u64> {
        let sampler = IndexSampler::new(accounts, exponent);
        let mut counts = vec![0; accounts as usize];
        for number in 0..draws {
            counts[sampler.draw(&mut Random::new([1; 32], number)) as usize] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    #[test]
    fn zipf_shares_are_the_law_s() {
        const DRAWS: u64 = 100_000;
        for exponent in [0.5, 1.0, 1.000_000_1, 1.5, 3.0] {
            let total: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-exponent)).sum();
            let counts = counts(1000, exponent, DRAWS);
            for rank in [1, 2, 5] {
                let expected = f64::from(rank).powf(-exponent) / total * DRAWS as f64;
                let found = counts[rank as usize - 1] as f64;
                assert!(
                    (found - expected).abs() < 5.0 * expected.sqrt() + 1.0,
                    "s={exponent} {rank}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn without_skew_every_account_has_its_share() {
        let counts = counts(100, 0.0, 100_000);
        assert!(counts[0] < 1_200 && counts[99] > 800, "{counts:?}");
    }

    #[test]
    fn steeper_is_more_skewed_up_to_the_steepest() {
        let tops: Vec<_> = [0.0, 0.5, 1.0, 2.0, 10.0].map(|exponent| counts(50, exponent, 10_000)[0]).into();
        assert!(tops.is_sorted_by(|a, b| a < b), "{tops:?}");
    }

    #[test]
    fn ranks_are_permuted_over_all_indices() {
        for accounts in [2, 3, 10, 997, 1000, 65_536] {
            let stride = coprime_stride(accounts);
            let indices: HashSet<_> = (0..accounts).map(|rank| rank * stride % accounts).collect();
            assert_eq!(indices.len() as u64, accounts);
        }
    }

    #[test]
    fn pairs_differ_and_are_balanced_whatever_the_skew() {
        for (accounts, exponent) in [(2, 0.0), (2, 10.0), (50, 1.2), (50, 10.0)] {
            let sampler = IndexSampler::new(accounts, exponent);
            let mut net = vec![0_i64; accounts as usize];
            for number in 0..20_000 {
                let (source, destination) = sampler.draw_pair(&mut Random::new([2; 32], number));
                assert!(source != destination && source < accounts && destination < accounts);
                net[source as usize] -= 1;
                net[destination as usize] += 1;
            }
            assert!(net.iter().all(|n| n.abs() < 700), "{accounts} {exponent}: {net:?}");
        }
    }

    #[test]
    fn the_extremes_stay_in_range() {
        for exponent in [1e-9, 0.999_999, 1.000_001_1, 10.0] {
            let zipf = Zipf::new(10_000_000, exponent);
            for number in 0..1_000 {
                assert!((1..=10_000_000).contains(&zipf.rank(&mut Random::new([3; 32], number))));
            }
        }
    }
}
