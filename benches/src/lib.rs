//! Criterion benches of each stage; the benches themselves are in `benches/`.
