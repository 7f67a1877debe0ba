//! Metrics that are read when somebody asks: plain values, and how they are written.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

/// Labels of a value.
pub(super) type Labels = Vec<(&'static str, String)>;

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Only grows; `_total` is added to its name.
    Counter,
    Gauge,
}

/// A name and its values, in the order in which they are written.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    values: Vec<(Labels, f64)>,
}

impl Metric {
    /// One value that only grows.
    pub(super) fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, kind: Kind::Counter, values: vec![(Labels::new(), value as f64)] }
    }

    /// Values that only grow, by labels.
    pub(super) fn counters(
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) -> Self {
        Self { name, help, kind: Kind::Counter, values: values.into_iter().collect() }
    }

    /// One value that may go up and down.
    pub(super) fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, kind: Kind::Gauge, values: vec![(Labels::new(), value as f64)] }
    }

    /// Values that may go up and down, by labels.
    pub(super) fn gauges(
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) -> Self {
        Self { name, help, kind: Kind::Gauge, values: values.into_iter().collect() }
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let metric_type = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        };
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, metric_type)?;
        for (labels, value) in &self.values {
            if labels.is_empty() {
                self.encode_value(&mut metric, *value)?;
            } else {
                self.encode_value(&mut metric.encode_family(labels)?, *value)?;
            }
        }
        Ok(())
    }

    fn encode_value(&self, metric: &mut MetricEncoder<'_>, value: f64) -> fmt::Result {
        match self.kind {
            Kind::Counter => metric.encode_counter::<NoLabelSet, _, u64>(&value, None),
            Kind::Gauge => metric.encode_gauge(&value),
        }
    }
}

/// What one scrape reads.
#[derive(Debug)]
pub(super) struct Samples(pub(super) Vec<Metric>);

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|metric| metric.encode(&mut encoder))
    }
}
