//! `cargo xtask serve`: the page, from a bare machine to an address.

use crate::failure::{Failure, Result};
use crate::pins::{TRUNK, WASM_BINDGEN};
use crate::progress::{self, clock, say};
use crate::{npm, page, setup};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The port when none is asked for.
const PORT: u16 = 8080;
/// How many ports after it are tried when it is taken.
const PORTS_TRIED: u16 = 20;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    port: Option<u16>,
    release: bool,
}

/// Installs, builds and serves; returns when the server ends.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    let began = Instant::now();
    let port = free_port(options.port)?;
    setup::wasm_target()?;
    if options.release {
        npm::install()?;
    }
    let mut jobs = setup::missing(&[WASM_BINDGEN, TRUNK]);
    setup::announce_tools(&jobs)?;
    // Beside the installations, since each of them leaves a core idle near its end.
    jobs.push(page::compile(options.release));
    progress::run_together(jobs)?;
    let path = if options.release {
        npm::path_with_wasm_opt()?
    } else {
        setup::path_with_tools(&[WASM_BINDGEN, TRUNK])?
    };

    say("Bundling the page (a few seconds) …");
    let mut command = page::trunk(&path);
    command.args(["serve", "--address", "127.0.0.1", "--port", &port.to_string()]);
    if options.release {
        command.arg("--release");
    }
    let mut server = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| progress::cannot_start(&command, &error))?;
    let lines = lines_of(&mut server);
    wait_until_up(&lines, port, &mut server)?;
    say(&format!(
        "\nReady after {}. Changes to the source rebuild the page. Ctrl-C ends it.",
        clock(began.elapsed())
    ));
    say(&format!("\n  Interleave is at  http://127.0.0.1:{port}/\n"));
    follow(&lines);
    let status = server.wait().map_err(|error| Failure::new(format!("trunk: {error}")))?;
    Err(Failure::new(format!("Trunk ended by itself ({status})")))
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { port: None, release: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--release" => options.release = true,
            "--port" => {
                let number =
                    rest.next().and_then(|text| text.parse().ok()).filter(|port| *port > 0);
                options.port = Some(number.ok_or_else(|| {
                    Failure::new("--port needs a number from 1 to 65535")
                        .remedy("for example `cargo xtask serve --port 9000`")
                })?);
            }
            other => {
                return Err(Failure::new(format!("`serve` does not know `{other}`"))
                    .remedy("it takes --port N and --release"));
            }
        }
    }
    Ok(options)
}

/// The port asked for, or the first free one from the default on.
fn free_port(asked: Option<u16>) -> Result<u16> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    if let Some(port) = asked {
        return if free(port) {
            Ok(port)
        } else {
            Err(Failure::new(format!("port {port} is in use, or not allowed for you"))
                .remedy("give another one: `cargo xtask serve --port N`"))
        };
    }
    let found = (PORT..=PORT + PORTS_TRIED).find(|port| free(*port)).ok_or_else(|| {
        Failure::new(format!("ports {PORT} to {} are all in use", PORT + PORTS_TRIED))
            .remedy("give a free one: `cargo xtask serve --port N`")
    })?;
    if found != PORT {
        say(&format!("Port {PORT} is in use; {found} is free and will be used."));
    }
    Ok(found)
}

/// The lines of the server's two outputs, as they come.
fn lines_of(server: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let outputs: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        server.stdout.take().map(|out| Box::new(out) as _),
        server.stderr.take().map(|out| Box::new(out) as _),
    ];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// Waits for the first build's end and for the port to answer.
fn wait_until_up(lines: &Receiver<String>, port: u16, server: &mut Child) -> Result<()> {
    let mut seen = Vec::new();
    let mut built = false;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                built |= line.contains("success");
                let failed = line.contains("ERROR");
                seen.push(line);
                if failed {
                    // It would serve the last page that built, which is worse than nothing.
                    let _ = server.kill();
                    seen.extend(lines.iter());
                    say(&seen.join("\n"));
                    return Err(Failure::new("the page could not be bundled (see above)"));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if built && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Ok(());
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                say(&seen.join("\n"));
                return Err(Failure::new("Trunk ended before the page was up (see above)"));
            }
        }
    }
}

/// Passes on what matters of the server's later output: rebuilds and errors.
fn follow(lines: &Receiver<String>) {
    for line in lines {
        if line.contains("success") {
            say("Rebuilt; open pages reload.");
        } else if !line.contains(" INFO ") {
            say(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read() {
        let options = parse(&words("--port 9000 --release")).unwrap();
        assert_eq!(options, Options { port: Some(9000), release: true });
    }

    #[test]
    fn a_bad_port_is_named() {
        for text in ["--port", "--port zero", "--port 0", "--port 70000"] {
            assert!(parse(&words(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_in_use_is_refused_when_asked_for() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_port(Some(port)).is_err());
    }
}
