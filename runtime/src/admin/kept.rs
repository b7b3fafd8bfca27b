//! What `trace record` does with sessions as they are told of: a file each, as it comes, so that whoever
//! interrupts it has what came before.
//!
//! It owns what of a line has not come yet.

use super::client::text;
use crate::cli::Exit;
use http_body_util::BodyExt;
use hyper::{Response, body::Incoming};
use serde_json::Value;
use std::{
    fs,
    future::Future,
    io::{self, Write},
    path::Path,
};

/// What has come so far.
#[derive(Debug, Default)]
struct Sums {
    kept: u64,
    /// What came too fast for whoever was to tell us.
    lost: u64,
}

/// Keeps all that is told of in this folder, or prints it: `json` as it comes.
pub(super) async fn keep(
    answer: impl Future<Output = io::Result<Response<Incoming>>>,
    (folder, json): (Option<&Path>, bool),
    out: &mut dyn Write,
) -> io::Result<Exit> {
    if let Some(folder) = folder {
        // Before anything is recorded that could not be kept.
        fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    }
    let answer = answer.await?;
    if !answer.status().is_success() {
        let (_, why) = text(answer).await?;
        eprintln!("{}", why.trim_end());
        return Ok(Exit::Failure);
    }
    let (mut body, mut rest, mut sums) = (answer.into_body(), Vec::new(), Sums::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(io::Error::other)?;
        rest.extend_from_slice(frame.data_ref().map_or(&[], |data| &**data));
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            if json {
                out.write_all(&line)?;
            } else {
                one(&line, folder, &mut sums, out)?;
            }
            out.flush()?;
        }
    }
    if !json {
        let Sums { kept, lost } = sums;
        let lost = match lost {
            0 => String::new(),
            lost => format!(", {lost} that came too fast are lost"),
        };
        // In one call, whoever else writes there.
        let line = format!("{kept} recorded{lost}\n");
        eprint!("{line}");
    }
    Ok(Exit::Ok)
}

/// One session, or the last line, which has the sums.
fn one(line: &[u8], folder: Option<&Path>, sums: &mut Sums, out: &mut dyn Write) -> io::Result<()> {
    let line: Value = serde_json::from_slice(line)?;
    let (Some(conn), Some(timeline)) = (line["conn"].as_str(), line["timeline"].as_str()) else {
        sums.lost = line["lost"].as_u64().unwrap_or_default();
        return Ok(());
    };
    sums.kept += 1;
    let Some(folder) = folder else {
        return writeln!(out, "{timeline}");
    };
    let file = folder.join(format!("{conn}.trace"));
    fs::write(&file, timeline).map_err(|error| cannot(&file, &error))?;
    let [listener, cause] = ["listener", "cause"].map(|key| line[key].as_str().unwrap_or_default());
    writeln!(out, "{}  {listener}  {cause}", file.display())
}

fn cannot(path: &Path, error: &io::Error) -> io::Error {
    let why = format!("cannot write {}: {error}", path.display());
    io::Error::new(error.kind(), why)
}
