//! Metrics in the OpenMetrics text form. `docs/metrics.md` says what each means.
//!
//! Labels are bounded: names of methods, stages and outcomes that this code knows, numbers of workers and levels, and the few
//! accounts that most was waited for.

mod chain;
mod sample;
mod store;

use std::{fmt, time::Instant};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::rpc::Context;
use sample::Samples;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

/// What requests are measured by; the rest is read from the chain when somebody asks.
#[derive(Clone)]
pub struct Metrics {
    seconds: Family<MethodLabels, Histogram>,
    failures: Family<MethodLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        // 10 µs to 2.6 s.
        let histogram = || Histogram::new(exponential_buckets(0.000_01, 4.0, 10));
        Self { seconds: Family::new_with_constructor(histogram), failures: Family::default() }
    }
}

/// Measures one request.
pub(crate) struct Timer<'a> {
    metrics: &'a Metrics,
    labels: MethodLabels,
    began: Instant,
}

impl Metrics {
    /// Begins to measure a request; `None` for methods that do not exist.
    pub(crate) fn time_request(&self, method: Option<&'static str>) -> Timer<'_> {
        let labels = MethodLabels { method: method.unwrap_or("unknown") };
        Timer { metrics: self, labels, began: Instant::now() }
    }

    /// Everything as text.
    pub(crate) fn encode(&self, context: &Context) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("heddle");
        registry.register("rpc_request_seconds", "Time of requests, by method", self.seconds.clone());
        registry.register(
            "rpc_failures",
            "Requests that were answered with an error, by method",
            self.failures.clone(),
        );
        registry.register_collector(Box::new(Samples(chain::read(context))));
        registry.register_collector(Box::new(Samples(store::read(context))));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Timer<'_> {
    pub(crate) fn finish(self, has_failed: bool) {
        self.metrics.seconds.get_or_create(&self.labels).observe(self.began.elapsed().as_secs_f64());
        if has_failed {
            self.metrics.failures.get_or_create(&self.labels).inc();
        }
    }
}
