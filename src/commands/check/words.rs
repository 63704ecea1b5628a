//! What a check found, in plain words: what it is, and what to do about it.

use super::outcome::{Outcome, Trouble, Visit, Way};
use crate::commands::words::rate;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// The result of a check that went well, or the part of it that did.
#[must_use]
pub fn report(target: &str, outcome: &Outcome) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text += &format!("  {name:<14}{value}\n");
    if let Some(connected) = outcome.connected {
        line("connected", format!("in {}", millis(connected)));
    }
    if let Some(round_trip) = outcome.round_trip {
        line(
            "round trip",
            format!("{} (median of 10)", millis(round_trip)),
        );
    }
    for (name, bytes_per_sec) in [("there", outcome.there), ("back", outcome.back)] {
        if let Some(bytes_per_sec) = bytes_per_sec {
            let speed = rate(bytes_per_sec as f64);
            line(name, format!("{speed} (1 MiB, every byte right)"));
        }
    }
    let first = match (&outcome.trouble, outcome.address) {
        (None, _) => format!("{target}: all is well.\n"),
        (Some(_), Some(address)) => format!("{target} takes connections, at {address}.\n"),
        (Some(_), None) => String::new(),
    };
    first + &text
}

#[must_use]
pub fn report_json(target: &str, outcome: &Outcome) -> Value {
    let ms = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    let trouble = outcome.trouble.as_ref();
    json!({
        "target": target,
        "address": outcome.address,
        "ok": trouble.is_none(),
        "connect_ms": ms(outcome.connected),
        "round_trip_ms": ms(outcome.round_trip),
        "there_bytes_per_sec": outcome.there,
        "back_bytes_per_sec": outcome.back,
        "trouble": trouble.map(|trouble| json!({
            "kind": trouble.kind(),
            "text": sentence(target, trouble),
        })),
    })
}

/// What is wrong, and what to do about it, in one line.
#[must_use]
pub fn sentence(target: &str, trouble: &Trouble) -> String {
    let (machine, port) = target.rsplit_once(':').unwrap_or((target, ""));
    match trouble {
        Trouble::NoSuchName => format!(
            "no machine is called {machine:?} (check the spelling, or type its address instead)"
        ),
        Trouble::NameTimedOut => format!(
            "nobody says whether there is a machine called {machine:?} (is the network up? or type its address instead)"
        ),
        Trouble::Refused => format!(
            "{target} refused the connection: nobody listens there, or a firewall rejects it \
             (type `jam check --listen-port {port}` there, and allow TCP port {port} in its firewall)"
        ),
        Trouble::TimedOut => format!(
            "{target} did not answer: a firewall drops the connection, the Wi-Fi keeps its clients apart \
             (client isolation), or the machine is off (allow TCP port {port} in its firewall; \
             try a cable or another Wi-Fi)"
        ),
        Trouble::Unreachable(words) => format!(
            "{target} cannot be reached: {words}: nobody has this address, or the two machines are on different networks \
             (look at the addresses that `jam check --listen-port {port}` prints there)"
        ),
        Trouble::Forbidden(words) => format!(
            "{target} cannot be dialled: {words}: this machine's own firewall forbids it (allow outgoing TCP)"
        ),
        Trouble::CannotDial(words) => format!("{target} cannot be dialled: {words}"),
        Trouble::Silent => format!(
            "{target} takes connections, but nothing comes back: something else than jam listens there, or what it sends is \
             lost on the way (look at what `jam check --listen-port {port}` says there)"
        ),
        Trouble::HungUp => format!(
            "{target} takes connections, and ends them without a word: something else than jam, or a proxy with nobody behind \
             it (type `jam check --listen-port {port}` there)"
        ),
        Trouble::NotJam { answer } if answer.starts_with("HTTP/") => format!(
            "{target} is no node of jam: it answers {answer:?} (a web server has this port; \
             to try a room of a jam server type `jam check --room URL`)"
        ),
        Trouble::NotJam { answer } => format!(
            "{target} is not jam: it answers {answer:?} (another program has this port; choose another one there)"
        ),
        Trouble::Version => {
            format!(
                "{target} speaks another version of jam's protocol (use the same jam on both sides)"
            )
        }
        // Most say themselves what to type.
        Trouble::NoChecks { why } if why.contains("jam check") => {
            format!("{target} is jam and can be reached, but takes part in no checks: {why}")
        }
        Trouble::NoChecks { why } => format!(
            "{target} is jam and can be reached, but takes part in no checks: {why} \
             (type `jam check --listen-port 9001` there)"
        ),
        Trouble::Lost(Way::There) => format!(
            "only one direction works: what {target} sends arrives here, but what is sent from here is lost on the way there \
             (a firewall or a router in between lets only one direction through)"
        ),
        Trouble::Lost(Way::Back) => format!(
            "only one direction works: what is sent from here arrives, but what {target} sends is lost on the way back \
             (a firewall or a router in between lets only one direction through)"
        ),
        Trouble::LargeLost(way) => format!(
            "small packets pass, large ones do not, on the way {}: something in between drops packets of full size without \
             saying so, often a VPN or a tunnel (set the MTU of that network to 1280)",
            direction(*way, target)
        ),
        Trouble::Stopped { way, bytes } => format!(
            "the data stopped after {bytes} bytes on the way {}: the network broke down, or loses very much (try again)",
            direction(*way, target)
        ),
        Trouble::Cut(how) => format!(
            "{target} or something in between cut the connection: {how} (try again; a firewall or a virus scanner may do that)"
        ),
        Trouble::WrongBytes(way) => format!(
            "wrong bytes: what arrived is not what was sent{} (a broken network card, cable or router, or a proxy that \
             changes data)",
            way.map_or(String::new(), |way| format!(
                ", on the way {}",
                direction(way, target)
            ))
        ),
        Trouble::TooSlow => format!(
            "{target} can be reached, but the network is very slow: a check of 1 MiB took over two minutes"
        ),
    }
}

/// What the other side reads on its own terminal about a visit.
#[must_use]
pub fn visit_line(from: SocketAddr, visit: &Visit) -> String {
    let ip = from.ip();
    match visit {
        Visit::Told {
            ok: true,
            round_trip,
            there,
            back,
        } => format!(
            "{ip}: all is well: round trip {}, {} from there, {} back",
            millis(*round_trip),
            rate(*there as f64),
            rate(*back as f64)
        ),
        Visit::Told { ok: false, .. } => {
            format!("{ip}: connected, but not all is well; the reason is told there")
        }
        Visit::Silent => format!(
            "{ip}: connected, and sent nothing: what it sends is lost on the way, or it is not jam"
        ),
        Visit::AnswerLost => format!(
            "{ip}: its greeting arrived, but our answer seems to be lost on the way back: only one direction works"
        ),
        Visit::Stopped { way, bytes } => format!(
            "{ip}: the data stopped after {bytes} bytes, {}",
            match way {
                Way::There => "coming here",
                Way::Back => "going there",
            }
        ),
        Visit::NotJam { said } => format!("{ip}: connected, but is not jam: it says {said:?}"),
        Visit::Version(version) => format!(
            "{ip}: speaks version {version} of jam's protocol (use the same jam on both sides)"
        ),
        Visit::NotACheck => {
            format!("{ip}: a node of jam that wants something else; it can reach this machine")
        }
        Visit::WrongBytes => format!("{ip}: wrong bytes: what arrived is not what jam sends"),
        Visit::Cut => format!("{ip}: connected, and was cut off in the middle"),
        Visit::Greedy => format!("{ip}: asked for more than a check does, and was sent away"),
    }
}

#[must_use]
pub fn visit_json(from: SocketAddr, visit: &Visit) -> Value {
    let ok = matches!(visit, Visit::Told { ok: true, .. });
    json!({ "from": from, "ok": ok, "text": visit_line(from, visit) })
}

/// What to type on the other machine.
#[must_use]
pub fn waiting(local: SocketAddr, reachable: &[SocketAddr]) -> String {
    let mut text = format!(
        "Waiting for checks on port {}. Type on the other machine:\n",
        local.port()
    );
    for address in reachable {
        text += &format!("  jam check {address}\n");
    }
    if reachable.is_empty() {
        text += &format!(
            "  jam check ADDRESS:{}    but this machine has no network, so only it reaches itself\n",
            local.port()
        );
    }
    text + "Ctrl-C stops it.\n"
}

fn direction(way: Way, target: &str) -> String {
    match way {
        Way::There => format!("from here to {target}"),
        Way::Back => format!("from {target} to here"),
    }
}

/// `0.41 ms`, `12.3 ms`, `1234 ms`.
#[must_use]
pub fn millis(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms => format!("{ms:.0} ms"),
    }
}
