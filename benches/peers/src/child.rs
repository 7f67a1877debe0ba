//! A peer as a long-lived child process that answers one request at a time.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use heddle_peers_workload::{Greeting, Reply, Request, RunReport};

use crate::failure::Failure;

/// A running peer. Dropping it ends the process.
pub struct PeerProcess {
    greeting: Greeting,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl PeerProcess {
    /// Starts `program` and waits for its greeting. What it writes to standard error goes to ours.
    pub fn start(program: &Path) -> Result<Self, Failure> {
        let name = program.display().to_string();
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::io(format!("starting {name}"), error))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            unreachable!("both were asked for as pipes");
        };
        let mut output = BufReader::new(output);
        match receive(&name, &mut output)? {
            Reply::Greeting(greeting) => Ok(Self { greeting, process, input, output }),
            other => Err(unexpected(&name, &other)),
        }
    }

    /// What it said when it started.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Lets it read a workload file.
    pub fn load(&mut self, workload: &Path) -> Result<(), Failure> {
        match self.ask(&Request::Load(workload.into()))? {
            Reply::Loaded => Ok(()),
            other => Err(unexpected(&self.greeting.peer, &other)),
        }
    }

    /// Lets it run the loaded workload once.
    pub fn run(&mut self, setting: &str) -> Result<RunReport, Failure> {
        match self.ask(&Request::Run { setting: setting.into() })? {
            Reply::Ran(report) => Ok(report),
            other => Err(unexpected(&self.greeting.peer, &other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, Failure> {
        let peer = &self.greeting.peer;
        let mut line = serde_json::to_vec(request).map_err(|error| Failure::io("a request", error.into()))?;
        line.push(b'\n');
        self.input.write_all(&line).map_err(|error| Failure::io(format!("writing to {peer}"), error))?;
        receive(peer, &mut self.output)
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        // It has nothing to save. Both fail only if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn receive(peer: &str, output: &mut impl BufRead) -> Result<Reply, Failure> {
    let mut line = String::new();
    let count = output.read_line(&mut line).map_err(|error| Failure::io(format!("reading from {peer}"), error))?;
    if count == 0 {
        return Err(Failure::Peer { peer: peer.into(), message: "ended without an answer".into() });
    }
    serde_json::from_str(&line)
        .map_err(|error| Failure::Peer { peer: peer.into(), message: format!("no reply ({error}): {}", line.trim()) })
}

fn unexpected(peer: &str, reply: &Reply) -> Failure {
    let message = match reply {
        Reply::Failed(reason) => reason.clone(),
        other => format!("an answer to another question: {other:?}"),
    };
    Failure::Peer { peer: peer.into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_and_what_is_none() {
        assert_eq!(receive("peer", &mut &b"\"loaded\"\n"[..]).expect("a reply"), Reply::Loaded);
        let failure = receive("peer", &mut &b""[..]).expect_err("nothing was said");
        assert_eq!(failure.to_string(), "peer: ended without an answer");
        assert!(receive("peer", &mut &b"hello\n"[..]).is_err());
        let failure = unexpected("peer", &Reply::Failed("no memory".into()));
        assert_eq!(failure.to_string(), "peer: no memory");
    }
}
