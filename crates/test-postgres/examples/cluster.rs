//! A temporary cluster for scripts. It prints the URL of an empty database and runs until its
//! standard input closes. With `--durable`, it flushes every commit to disk.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut builder = hexdesk_test_postgres::Cluster::builder();
    if std::env::args().any(|argument| argument == "--durable") {
        builder = builder.durable();
    }
    let cluster = builder.start();
    let database = cluster.empty_database();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", database.url)?;
    stdout.flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
