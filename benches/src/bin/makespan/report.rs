//! Simulates everything and tells it, as tables or as JSON.

use crate::blocks::{Workload, make_dag};
use crate::contenders::{Contender, REAL};
use heddle_scheduler::makespan::{Overheads, SplitMix64, bound, optimum};
use serde_json::{Value, json};

/// Small random blocks that are compared with the optimum, and their sizes.
const SMALL_BLOCKS: u64 = 300;
const SMALL_TRANSACTIONS: u64 = 8;
const SMALL_WORKERS: [usize; 2] = [2, 3];

/// Makespans of one workload on some number of workers.
pub(crate) struct Row {
    pub(crate) workers: usize,
    pub(crate) bound_ns: u64,
    /// By contender.
    pub(crate) makespans_ns: Vec<u64>,
}

/// One workload with one set of overheads.
pub(crate) struct Table {
    pub(crate) workload: String,
    pub(crate) has_overheads: bool,
    pub(crate) transactions: usize,
    pub(crate) work_ns: u64,
    pub(crate) critical_path_ns: u64,
    pub(crate) rows: Vec<Row>,
}

/// Small blocks on some number of workers: makespan ÷ optimum.
struct Small {
    workers: usize,
    /// Mean and greatest, by contender.
    ratios: Vec<(f64, f64)>,
}

/// All that was simulated.
pub(crate) struct Report {
    pub(crate) contenders: Vec<Contender>,
    pub(crate) tables: Vec<Table>,
    small: Vec<Small>,
    seed: u64,
}

impl Row {
    pub(crate) fn ratio(&self, contender: usize) -> f64 {
        self.makespans_ns[contender] as f64 / self.bound_ns.max(1) as f64
    }
}

impl Report {
    pub(crate) fn measure(workloads: &[Workload], contenders: &[Contender], workers: &[usize], seed: u64) -> Self {
        let mut tables = Vec::new();
        for workload in workloads {
            eprintln!("simulating: {}", workload.name);
            for overheads in [Overheads::default(), REAL] {
                tables.push(Table::measure(workload, contenders, workers, overheads, seed));
            }
        }
        eprintln!("searching the optimum of {SMALL_BLOCKS} blocks of {SMALL_TRANSACTIONS} transactions");
        let small = SMALL_WORKERS.map(|workers| Small::measure(contenders, workers, seed));
        Self { contenders: contenders.to_vec(), tables, small: small.into(), seed }
    }

    pub(crate) fn print(&self) {
        println!("makespan ÷ max(critical path, work ÷ P), by dispatcher; seed {}", self.seed);
        for contender in &self.contenders {
            println!("  {:12} {}", contender.name, contender.about);
        }
        for table in &self.tables {
            let overheads = if table.has_overheads { "with the costs of dispatch" } else { "dispatch costs nothing" };
            println!("\n{}: {} transactions, {overheads}", table.workload, table.transactions);
            let (work_ms, path_ms) = (table.work_ns as f64 / 1e6, table.critical_path_ns as f64 / 1e6);
            println!("work {work_ms:.3} ms, critical path {path_ms:.3} ms, parallelism {:.1}", work_ms / path_ms);
            self.print_names("bound ms");
            for row in &table.rows {
                print!("{:5} {:10.3}", row.workers, row.bound_ns as f64 / 1e6);
                for index in 0..self.contenders.len() {
                    print!(" {:>11.3}", row.ratio(index));
                }
                println!();
            }
        }
        println!("\nmakespan ÷ optimum of {SMALL_BLOCKS} random blocks of {SMALL_TRANSACTIONS}: mean, greatest");
        self.print_names("");
        for small in &self.small {
            for (name, pick) in [("mean", (|ratio| ratio.0) as fn(&(f64, f64)) -> f64), ("greatest", |ratio| ratio.1)] {
                print!("{:5} {name:>10}", small.workers);
                small.ratios.iter().for_each(|ratio| print!(" {:>11.3}", pick(ratio)));
                println!();
            }
        }
    }

    fn print_names(&self, second: &str) {
        print!("{:>5} {second:>10}", "P");
        for contender in &self.contenders {
            print!(" {:>11}", contender.name);
        }
        println!();
    }

    pub(crate) fn to_json(&self) -> Value {
        let by_name = |value: &dyn Fn(usize) -> Value| {
            let entries = self.contenders.iter().enumerate().map(|(index, one)| (one.name.to_owned(), value(index)));
            Value::Object(entries.collect())
        };
        let tables = self.tables.iter().map(|table| {
            let rows = table.rows.iter().map(|row| {
                let policies =
                    by_name(&|index| json!({ "makespan_ns": row.makespans_ns[index], "ratio": row.ratio(index) }));
                json!({ "workers": row.workers, "bound_ns": row.bound_ns, "policies": policies })
            });
            json!({
                "workload": table.workload,
                "overheads": table.has_overheads,
                "transactions": table.transactions,
                "work_ns": table.work_ns,
                "critical_path_ns": table.critical_path_ns,
                "rows": rows.collect::<Vec<_>>(),
            })
        });
        let small = self.small.iter().map(|small| {
            let policies =
                by_name(&|index| json!({ "mean": small.ratios[index].0, "greatest": small.ratios[index].1 }));
            json!({ "workers": small.workers, "ratio_to_optimum": policies })
        });
        json!({ "seed": self.seed, "tables": tables.collect::<Vec<_>>(), "small": small.collect::<Vec<_>>() })
    }
}

impl Table {
    fn measure(
        workload: &Workload,
        contenders: &[Contender],
        workers: &[usize],
        overheads: Overheads,
        seed: u64,
    ) -> Self {
        let block = &workload.block;
        let rows = workers.iter().map(|&workers| {
            let makespan = |contender: &Contender| contender.simulate(workload, workers, overheads, seed).makespan_ns;
            let makespans_ns = contenders.iter().map(makespan).collect();
            Row { workers, bound_ns: bound(block, workers), makespans_ns }
        });
        Self {
            workload: workload.name.clone(),
            has_overheads: overheads != Overheads::default(),
            transactions: block.costs_ns.len(),
            work_ns: block.costs_ns.iter().sum(),
            critical_path_ns: block.schedule().critical_path(|tx| block.costs_ns[tx.0 as usize]),
            rows: rows.collect(),
        }
    }
}

impl Small {
    fn measure(contenders: &[Contender], workers: usize, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let blocks = (0..SMALL_BLOCKS).map(|_| make_dag(SMALL_TRANSACTIONS, 2, SMALL_TRANSACTIONS, &mut random));
        let solved = blocks.map(|block| (optimum(&block, workers), Workload::new("small", block))).collect::<Vec<_>>();
        let ratios = contenders.iter().map(|contender| {
            let ratio = |(best_ns, workload): &(u64, Workload)| {
                contender.simulate(workload, workers, Overheads::default(), seed).makespan_ns as f64 / *best_ns as f64
            };
            let ratios = solved.iter().map(ratio).collect::<Vec<_>>();
            (ratios.iter().sum::<f64>() / ratios.len() as f64, ratios.iter().copied().fold(0.0, f64::max))
        });
        Self { workers, ratios: ratios.collect() }
    }
}
