//! Synthetic streams of candidates: which accounts they write, what they cost, what they pay. A pure function of the
//! workload, the seed and the number of the transaction.

use heddle_types::AccountLock;

/// Accounts that a stream draws from, beside one payer per transaction.
const ACCOUNTS: usize = 10_000;
/// Payers; far more than wait at once.
const PAYERS: u32 = 1_000_000;
const ZIPF_EXPONENT: f64 = 1.1;
const HOT_ACCOUNT: u32 = 0;
const HOT_PERCENT: u64 = 90;
/// Costs are spread evenly over their logarithm: a transfer to a large swap.
const COST_MIN: f64 = 2_000.0;
const COST_MAX: f64 = 200_000.0;
/// The collector's half of one signature's fee, in lamports.
const BASE_REWARD: u64 = 2_500;
/// Mean bid in lamports per cost unit; exponentially distributed.
const BID_MEAN: f64 = 0.05;
const HOT_BID_FACTOR: f64 = 10.0;

/// How a stream draws accounts and fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Two accounts, evenly.
    Uniform,
    /// Two accounts by Zipf's law.
    Zipf,
    /// Nine of ten write one account, and pay like the others.
    HotFlood,
    /// Nine of ten write one account, and pay ten times as much.
    HighFeeHot,
}

impl Workload {
    pub(crate) const ALL: [Self; 4] = [Self::Uniform, Self::Zipf, Self::HotFlood, Self::HighFeeHot];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::HotFlood => "hot flood",
            Self::HighFeeHot => "high-fee hot",
        }
    }
}

/// One transaction of a stream.
pub(crate) struct Arrival {
    pub(crate) locks: Vec<AccountLock>,
    pub(crate) reward: u64,
    pub(crate) cost: u64,
}

/// `count` transactions of `workload`.
pub(crate) fn arrivals(workload: Workload, seed: u64, count: usize) -> Vec<Arrival> {
    let cumulative = zipf_cumulative();
    (0..count as u64).map(|number| arrival(workload, &mut Random(seed ^ number << 20), &cumulative)).collect()
}

fn arrival(workload: Workload, random: &mut Random, cumulative: &[f64]) -> Arrival {
    let payer = 1 + ACCOUNTS as u32 + (random.next() % u64::from(PAYERS)) as u32;
    let is_hot = matches!(workload, Workload::HotFlood | Workload::HighFeeHot) && random.next() % 100 < HOT_PERCENT;
    let mut draw = || match workload {
        Workload::Zipf => 1 + cumulative.partition_point(|sum| *sum < random.unit()) as u32,
        _ => 1 + (random.next() % ACCOUNTS as u64) as u32,
    };
    let (first, second) = (if is_hot { HOT_ACCOUNT } else { draw() }, draw());
    let mut locks = vec![AccountLock::writable(payer), AccountLock::writable(first)];
    if second != first {
        locks.push(AccountLock::writable(second));
    }
    let cost = (COST_MIN * (COST_MAX / COST_MIN).powf(random.unit())) as u64;
    let factor = if is_hot && workload == Workload::HighFeeHot { HOT_BID_FACTOR } else { 1.0 };
    let bid = -(1.0 - random.unit()).ln() * BID_MEAN * factor;
    Arrival { locks, reward: BASE_REWARD + (bid * cost as f64) as u64, cost }
}

/// The distribution function of account ranks.
fn zipf_cumulative() -> Vec<f64> {
    let weights = (1..=ACCOUNTS).map(|rank| (rank as f64).powf(-ZIPF_EXPONENT));
    let total: f64 = weights.clone().sum();
    weights
        .scan(0.0, |sum, weight| {
            *sum += weight / total;
            Some(*sum)
        })
        .collect()
}

/// `splitmix64`, after Steele, Lea and Flood (2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
