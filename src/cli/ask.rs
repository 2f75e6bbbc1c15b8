//! A question on the terminal, which Ctrl-C can interrupt.

use std::io::{BufRead, Write};

use anyhow::{Context as _, Result};

/// Shows a text on stderr and asks for yes or no; everything but yes is no.
pub(super) async fn agreed(text: &str, question: &str) -> Result<bool> {
    let answer = line(text, &format!("{question} [y/N]")).await?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Shows a text on stderr and asks for a line.
pub(super) async fn line(text: &str, question: &str) -> Result<String> {
    {
        let mut err = std::io::stderr().lock();
        write!(err, "{text}{question} ")
            .and_then(|()| err.flush())
            .context("cannot ask")?;
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime waits for its blocking tasks, and nobody may ever answer.
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        // Nobody listens any more after Ctrl-C.
        let _ = tell.send(read.map(|_| answer));
    });
    told.await
        .context("cannot read the answer")?
        .context("cannot read the answer")
}
