//! The room protocol typed into a real websocat: a client that shares no code with jam.

use crate::common::server as common;

use common::{TestServer, WATCHDOG};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

struct Websocat {
    child: Child,
    stdin: ChildStdin,
    stdout: Receiver<String>,
}

impl Websocat {
    fn open(server: &TestServer) -> Self {
        let mut child = Command::new("websocat")
            .args([
                "-t",
                &format!("ws://localhost:{}/ws/jam1", server.address.port()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("websocat starts (make test-setup installs it to target/tools/bin)");
        let (sender, stdout) = channel();
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _test_ended = sender.send(line);
            }
        });
        Self {
            stdin: child.stdin.take().expect("a pipe"),
            child,
            stdout,
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("typed");
    }

    fn sees(&self) -> (String, Value) {
        let line = self.stdout.recv_timeout(WATCHDOG).expect("a line");
        let value = serde_json::from_str(&line).expect("JSON");
        (line, value)
    }
}

impl Drop for Websocat {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn a_room_works_typed_by_hand() {
    let server = TestServer::start(&[]);
    let mut host = Websocat::open(&server);
    host.types(r#"{"type":"HELLO","role":"host"}"#);
    let (line, state) = host.sees();
    let start = r#"{"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0.0,"timestamp":"#;
    assert!(line.starts_with(start), "{line}");
    assert!(
        state["payload"]["timestamp"].as_f64() > Some(1.7e9),
        "{line}"
    );
    assert_eq!(host.sees().1["type"], "PEER");

    let mut viewer = Websocat::open(&server);
    viewer.types(r#"{"type":"HELLO","role":"viewer"}"#);
    assert_eq!(viewer.sees().1["type"], "STATE");
    assert_eq!(viewer.sees().1["type"], "PEER");

    host.types(r#"{"type":"PLAY","track_id":"t1","offset_sec":0,"timestamp":0}"#);
    let seen_by_host = host.sees().1;
    assert_eq!(seen_by_host["type"], "STATE");
    assert_eq!(seen_by_host["payload"]["status"], "PLAY");
    assert_eq!(seen_by_host["payload"]["track_id"], json!("t1"));
    assert_eq!(seen_by_host["payload"]["offset_sec"], json!(0));
    assert_eq!(viewer.sees().1, seen_by_host);

    viewer.types("PLAY please");
    assert_eq!(viewer.sees().1["type"], "ERROR");
}
