//! Questions before a command does what nobody expects to undo.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

/// Asks the question on a terminal, and returns whether the answer is yes. Without a terminal nobody can
/// answer, and the command is meant.
pub(super) fn is_confirmed(question: &str) -> anyhow::Result<bool> {
    if stdin().is_terminal() && stderr().is_terminal() {
        ask(question, stdin().lock(), stderr())
    } else {
        Ok(true)
    }
}

/// Asks a question. Everything but `y` and `yes` is a no.
fn ask(question: &str, mut input: impl BufRead, mut output: impl Write) -> anyhow::Result<bool> {
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, expected) in [
            ("y\n", true),
            ("Y", true),
            (" yes \n", true),
            ("YES\r\n", true),
            ("", false),
            ("\n", false),
            ("n\n", false),
            ("no\ny\n", false),
            ("yess\n", false),
        ] {
            let mut shown = Vec::new();
            assert_eq!(ask("Close it?", answer.as_bytes(), &mut shown).unwrap(), expected, "{answer:?}");
            assert_eq!(shown, b"Close it? [y/N] ");
        }
    }
}
