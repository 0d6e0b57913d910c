//! The `hexdesk` binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    hexdesk_http::command_line::run().await
}
