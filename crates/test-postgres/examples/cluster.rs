//! A throw-away cluster for a script: prints the URL of an empty database and lives until
//! standard input ends.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let cluster = hexdesk_test_postgres::Cluster::builder().start();
    let database = cluster.empty_database();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", database.url)?;
    stdout.flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
