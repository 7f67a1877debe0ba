//! What the database has to tell; nothing for one in memory.

use heddle_storage::StorePressure;

use super::sample::Metric;
use crate::rpc::Context;

/// All of them.
pub(super) fn read(context: &Context) -> Vec<Metric> {
    context.store_pressure().map(|pressure| of(&pressure)).unwrap_or_default()
}

fn of(pressure: &StorePressure) -> Vec<Metric> {
    let levels = pressure.level_table_counts.iter().enumerate();
    let levels = levels.map(|(level, count)| (vec![("level", level.to_string())], *count as f64));
    vec![
        Metric::gauge("store_memtable_bytes", "Bytes in memory that are not in tables yet", pressure.memtable_bytes),
        Metric::gauge("store_table_bytes", "Bytes of tables on disk", pressure.table_bytes),
        Metric::gauge("store_stalled_writes", "1 if writes wait for the disk", u64::from(pressure.is_write_stopped)),
        Metric::gauge(
            "store_delayed_write_bytes_per_second",
            "To what writes are slowed down, 0 if they are not",
            pressure.delayed_write_bytes_per_second,
        ),
        Metric::gauge(
            "store_compaction_pending_bytes",
            "Bytes to rewrite until tables are in order",
            pressure.compaction_pending_bytes,
        ),
        Metric::gauge("store_running_compactions", "Compactions under way", pressure.running_compaction_count),
        Metric::gauge("store_running_flushes", "Buffers being written out", pressure.running_flush_count),
        Metric::gauges("store_level_tables", "Tables of each level", levels),
    ]
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::*;
    use crate::metrics::sample::Samples;

    #[test]
    fn every_figure_is_told() {
        let pressure = StorePressure {
            memtable_bytes: 1,
            table_bytes: 5_000_000_000,
            is_write_stopped: true,
            delayed_write_bytes_per_second: 4,
            compaction_pending_bytes: 5,
            running_compaction_count: 6,
            running_flush_count: 7,
            level_table_counts: [8, 0, 0, 0, 0, 0, 9],
        };
        let mut registry = Registry::with_prefix("heddle");
        registry.register_collector(Box::new(Samples(of(&pressure))));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let values: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "heddle_store_memtable_bytes 1.0",
            "heddle_store_table_bytes 5000000000.0",
            "heddle_store_stalled_writes 1.0",
            "heddle_store_delayed_write_bytes_per_second 4.0",
            "heddle_store_compaction_pending_bytes 5.0",
            "heddle_store_running_compactions 6.0",
            "heddle_store_running_flushes 7.0",
            "heddle_store_level_tables{level=\"0\"} 8.0",
        ];
        assert_eq!(values[..8], expected);
        assert_eq!(values.last(), Some(&"heddle_store_level_tables{level=\"6\"} 9.0"));
    }
}
