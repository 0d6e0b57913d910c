//! The version of the layout of tables and values. It is stored in the file.

use anyhow::{Context, ensure};
use redb::{ReadableTable, WriteTransaction};

use crate::tables::{self, META};

/// The version of the layout. Raise it with every change of a table or stored value that an older
/// version of this crate would misread.
pub(crate) const FORMAT: u64 = 7;
const FORMAT_KEY: &str = "format";

/// Creates the tables of an empty file. Checks that any other file belongs to this crate.
pub(crate) fn prepare(transaction: &WriteTransaction) -> anyhow::Result<()> {
    if transaction.list_tables()?.next().is_none() {
        tables::create_all(transaction)?;
        transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    }
    check(&transaction.open_table(META)?)
}

/// Fails unless the file has the format that this version reads and writes.
pub(crate) fn check(meta: &impl ReadableTable<&'static str, u64>) -> anyhow::Result<()> {
    let found = meta.get(FORMAT_KEY)?.context("it is a redb file, but not of this adapter")?.value();
    ensure!(found == FORMAT, "it has format {found}; this version reads and writes format {FORMAT}");
    Ok(())
}
