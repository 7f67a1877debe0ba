//! Seeded choices: the same on every machine and in every run.

use heddle_types::Pubkey;

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below `bound`, by multiplication: the bias is below bound / 2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// An address that nobody has the key of.
    pub fn pubkey(&mut self) -> Pubkey {
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&self.next_u64().to_le_bytes()));
        Pubkey::new_from_array(bytes)
    }
}

/// A bijection of 64 bits in which every bit of the input moves every bit of the output.
pub fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The inverse of [`mix`].
pub fn unmix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 31) ^ (bits >> 62)).wrapping_mul(0x3196_42b2_d24d_8ec3);
    bits = (bits ^ (bits >> 27) ^ (bits >> 54)).wrapping_mul(0x96de_1b17_3f11_9089);
    bits ^ (bits >> 30) ^ (bits >> 60)
}

/// Zipf's law with exponent 1 over `0..count`: rank k is drawn with weight 1 / (k + 1). O(log count) a draw.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Weights up to and with each rank, as shares of 2^64.
    cumulative: Vec<u64>,
}

impl Zipf {
    /// The law over `count` ranks.
    pub fn new(count: u32) -> Self {
        let total: f64 = (1..=count).map(|rank| f64::from(rank).recip()).sum();
        let mut sum = 0.0;
        let cumulative = (1..=count).map(|rank| {
            sum += f64::from(rank).recip();
            (sum / total * 2f64.powi(64)) as u64
        });
        Self { cumulative: cumulative.collect() }
    }

    /// A rank.
    pub fn draw(&self, random: &mut Random) -> u32 {
        let point = random.next_u64();
        let rank = self.cumulative.partition_point(|&share| share <= point);
        rank.min(self.cumulative.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmix_undoes_mix() {
        let mut random = Random::new(1);
        for bits in [0, 1, u64::MAX].into_iter().chain((0..1_000).map(|_| random.next_u64())) {
            assert_eq!(unmix(mix(bits)), bits);
        }
    }

    #[test]
    fn the_first_rank_is_drawn_as_often_as_the_law_says() {
        let (zipf, mut random) = (Zipf::new(100), Random::new(2));
        let first = (0..100_000).filter(|_| zipf.draw(&mut random) == 0).count();
        // 1 / H(100) = 0.1928
        assert!((19_000..19_600).contains(&first), "{first}");
    }
}
