//! Median and spread of a few samples.

use serde::Serialize;

/// Order statistics of a non-empty list of samples, in the samples' unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the samples are not above it.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// First quartile.
    pub quartile_1: f64,
    /// Third quartile.
    pub quartile_3: f64,
}

impl Spread {
    /// Of `samples`; `None` if there are none. Quantiles between two samples are interpolated linearly.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let quantile = |part: f64| {
            let position = part * (sorted.len() - 1) as f64;
            let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
            low + (high - low) * position.fract()
        };
        Some(Self { median: quantile(0.5), min, max, quartile_1: quantile(0.25), quartile_3: quantile(0.75) })
    }

    /// Distance of the quartiles.
    pub fn interquartile(&self) -> f64 {
        self.quartile_3 - self.quartile_1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        assert_eq!(Spread::of(&[]), None);
        let one = Spread::of(&[3.0]).expect("a sample");
        assert_eq!((one.median, one.min, one.max, one.interquartile()), (3.0, 3.0, 3.0, 0.0));
        let five = Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]).expect("samples");
        assert_eq!((five.median, five.min, five.max), (3.0, 1.0, 5.0));
        assert_eq!((five.quartile_1, five.quartile_3), (2.0, 4.0));
        assert_eq!(Spread::of(&[1.0, 2.0]).expect("samples").median, 1.5);
    }
}
