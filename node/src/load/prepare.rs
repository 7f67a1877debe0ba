//! `heddle load --prepare FILE`: signs a stream and writes it, to be run later with `--from FILE`.

use std::path::Path;

use heddle_loadgen::{BlockRange, PreparedHeader, PreparedWriter};

use super::source;
use crate::{arguments::LoadArguments, failure::Failure, progress};

pub(crate) fn run(arguments: &LoadArguments, path: &Path) -> Result<(), Failure> {
    let failure = |source| Failure::Prepared { path: path.to_path_buf(), source };
    let generator = source::make_generator(source::config_of(arguments), !arguments.json)?;
    let range = BlockRange::new(generator.config(), 0, arguments.transactions)?;
    let mut writer = PreparedWriter::create(path, PreparedHeader::new(&generator, range)).map_err(failure)?;
    let bar = progress::bar(arguments.transactions, "transactions", "prepare", !arguments.json);
    source::sign_all(&generator, &range, |block| {
        writer.write_block(&block).map_err(failure)?;
        bar.inc(block.len() as u64);
        Ok(())
    })?;
    writer.finish().map_err(failure)?;
    bar.finish_and_clear();
    if arguments.json {
        let blocks = range.block_count();
        let object = serde_json::json!({ "transactions": arguments.transactions, "blocks": blocks, "file": path });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!(
            "{} signed transactions in {} blocks written to {}",
            arguments.transactions,
            range.block_count(),
            path.display()
        );
    }
    Ok(())
}
