//! A story that is told while it happens: headings, command lines, what they printed.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::Output;
use super::style;
use super::table::plain_table;

/// As wide as text is where nobody knows how wide the screen is.
const WIDTH: usize = 100;
/// Longer lines are hard to read, however wide the screen is.
const WIDEST: usize = 120;
/// What a program printed stands below its command line.
const INDENT: &str = "  ";
/// How much deeper the rest of a broken line stands.
const HANG: usize = 2;

/// What to show of a long output, in paragraphs: `skip` of them, `first`, and the `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Paragraphs left out at the beginning.
    pub skip: usize,
    /// Paragraphs shown after them.
    pub first: usize,
    /// Paragraphs shown at the end.
    pub last: usize,
}

/// Writes each line at once to stdout, or all of them to a file at the end.
pub struct Story {
    file: Option<Output>,
    text: String,
    width: usize,
}

impl Story {
    /// Begins one on stdout or in a file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(file: Option<&Path>) -> Result<Self> {
        if file.is_some() {
            style::choose(style::When::Never);
        }
        let width = plain_table(None).width().map_or(WIDTH, usize::from);
        Ok(Self {
            file: file.map(|path| Output::open(Some(path))).transpose()?,
            text: String::new(),
            width: width.clamp(40, WIDEST),
        })
    }

    /// Whether a program that is run for the story may colour what it prints.
    pub fn coloured(&self) -> bool {
        self.file.is_none() && style::enabled()
    }

    /// A heading, and why what comes now is done.
    ///
    /// # Errors
    /// It could not be written.
    pub fn heading(&mut self, title: &str, why: &str) -> Result<()> {
        self.line("")?;
        self.line(&style::bold(title))?;
        self.prose(why)
    }

    /// Sentences.
    ///
    /// # Errors
    /// They could not be written.
    pub fn prose(&mut self, text: &str) -> Result<()> {
        for line in wrapped(text, self.width, 0) {
            self.line(&line)?;
        }
        Ok(())
    }

    /// A line as somebody would type it, after the prompt that he would see.
    ///
    /// # Errors
    /// It could not be written.
    pub fn typed(&mut self, prompt: &str, text: &str) -> Result<()> {
        if prompt == "$" {
            self.line("")?;
        }
        let room = self.width.saturating_sub(prompt.len() + 1);
        for (index, line) in wrapped(text, room, HANG).iter().enumerate() {
            let prompt = if index == 0 { prompt } else { "" };
            self.line(&format!("{} {}", style::dim(prompt), style::bold(line)))?;
        }
        Ok(())
    }

    /// What a program printed.
    ///
    /// # Errors
    /// It could not be written.
    pub fn printed(&mut self, text: &str) -> Result<()> {
        for line in text.trim_end().lines() {
            for line in wrapped(line, self.width - INDENT.len(), HANG) {
                let line = format!("{INDENT}{line}");
                self.line(line.trim_end())?;
            }
        }
        Ok(())
    }

    /// Some of what a program printed, and how much was left out.
    ///
    /// # Errors
    /// It could not be written.
    pub fn excerpt(&mut self, text: &str, excerpt: Excerpt) -> Result<()> {
        let paragraphs: Vec<&str> = text.trim_end().split("\n\n").collect();
        let (skip, rest) = paragraphs.split_at(excerpt.skip.min(paragraphs.len()));
        let (first, rest) = rest.split_at(excerpt.first.min(rest.len()));
        let (middle, last) = rest.split_at(rest.len().saturating_sub(excerpt.last));
        self.left_out(skip)?;
        self.printed(&first.join("\n\n"))?;
        if !first.is_empty() && !rest.is_empty() {
            self.line("")?;
        }
        self.left_out(middle)?;
        self.printed(&last.join("\n\n"))
    }

    fn left_out(&mut self, paragraphs: &[&str]) -> Result<()> {
        // A blank line between paragraphs counts for the one before it.
        let lines: usize = paragraphs.iter().map(|one| one.lines().count() + 1).sum();
        if lines > 0 {
            self.aside(&format!("… {lines} lines left out"))?;
        }
        Ok(())
    }

    /// Rows of a query, the first being the names of its columns.
    ///
    /// # Errors
    /// They could not be written.
    pub fn rows(&mut self, columns: &[String], rows: &[Vec<String>]) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let mut table = plain_table(None);
        table.set_header(columns);
        table.add_rows(rows);
        let word = if rows.len() == 1 { "row" } else { "rows" };
        self.printed(&format!("{table}\n({} {word})", rows.len()))
    }

    /// Something about the story and not of it.
    ///
    /// # Errors
    /// It could not be written.
    pub fn aside(&mut self, text: &str) -> Result<()> {
        self.line(&format!("{INDENT}{}", style::dim(text)))
    }

    /// The last line.
    ///
    /// # Errors
    /// It, or the file, could not be written.
    pub fn end(mut self, verdict: &str) -> Result<()> {
        self.line("")?;
        self.line(&style::good(verdict))?;
        match self.file {
            Some(file) => file.write(&self.text),
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if self.file.is_some() {
            self.text.push_str(line);
            self.text.push('\n');
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            // Whoever closed the pipe has read enough; the verdict is in the exit code.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to stdout"),
        }
    }
}

/// Breaks a line between words; the rest of it is indented by `hang` more than its beginning.
fn wrapped(line: &str, width: usize, hang: usize) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let (mut lines, mut current, mut used) = (Vec::new(), indent.clone(), indent.len());
    // Tables are straight as they are.
    if line.contains(['─', '═']) || shown_width(line) <= width {
        return vec![line.to_owned()];
    }
    for word in line.trim_start().split(' ') {
        let long = shown_width(word);
        if !current.trim().is_empty() && used + 1 + long > width {
            lines.push(std::mem::replace(
                &mut current,
                indent.clone() + &" ".repeat(hang),
            ));
            used = indent.len() + hang;
        } else if !current.trim().is_empty() {
            current.push(' ');
            used += 1;
        }
        current.push_str(word);
        used += long;
    }
    lines.push(current);
    lines
}

/// How many columns a text takes; colours take none.
fn shown_width(text: &str) -> usize {
    plain(text).chars().count()
}

/// A text without its colours.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // "ESC [ … letter": nothing else is ever written by us.
            for c in rest.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_keep_their_indentation() {
        let hanging = |line, width| wrapped(line, width, 2);
        assert_eq!(hanging("short", 10), ["short"]);
        assert_eq!(
            hanging("  one two three four", 11),
            ["  one two", "    three", "    four"]
        );
        assert_eq!(
            hanging("a_word_longer_than_it b", 5),
            ["a_word_longer_than_it", "  b"]
        );
        assert_eq!(wrapped("one two", 3, 0), ["one", "two"]);
        assert_eq!(hanging("── ── ──", 4), ["── ── ──"]);
        assert_eq!(hanging("\u{1b}[31mred\u{1b}[0m ink", 7).len(), 1);
        assert_eq!(hanging("", 4), [""]);
    }

    #[test]
    fn colours_have_no_width() {
        assert_eq!(plain("\u{1b}[1;31mbad\u{1b}[0m news"), "bad news");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut story = Story {
            file: Some(Output::open(Some(&std::env::temp_dir().join("story"))).unwrap()),
            text: String::new(),
            width: 80,
        };
        let text = "head\n\na\na\n\nb\n\nc\nc\n\ntail\n";
        let excerpt = |skip, first, last| Excerpt { skip, first, last };
        story.excerpt(text, excerpt(0, 2, 1)).unwrap();
        assert_eq!(
            std::mem::take(&mut story.text),
            "  head\n\n  a\n  a\n\n  … 5 lines left out\n  tail\n"
        );
        story.excerpt(text, excerpt(1, 1, 0)).unwrap();
        assert_eq!(
            std::mem::take(&mut story.text),
            "  … 2 lines left out\n  a\n  a\n\n  … 7 lines left out\n"
        );
        story.excerpt("one\n", excerpt(0, 9, 9)).unwrap();
        assert_eq!(story.text, "  one\n");
    }
}
