//! Who reaches whom in a room, as a small table, and what that means.

use super::words::millis;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// One side of a connection between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The server's id of it.
    pub id: String,
    pub name: String,
    /// Whether it says that it can be dialled, and under which port.
    pub listens: bool,
}

/// Whether one node reaches another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// With the round trip, where it was measured.
    Yes(Option<Duration>),
    /// Why not, in a word or two.
    No(&'static str),
}

/// All that is known; rows and columns in the order of `nodes`.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub nodes: Vec<Node>,
    /// By the ids of who dials and who is dialled.
    pub reach: HashMap<(String, String), Reach>,
    /// The id of this machine.
    pub me: String,
    /// Whether the server could dial this machine.
    pub dialable: Option<bool>,
    /// The port on which this machine listened.
    pub port: u16,
}

const NAME_CHARS_MAX: usize = 20;

impl Table {
    /// The cells with their frame of names, ready to print.
    #[must_use]
    pub fn drawn(&self) -> String {
        let names: Vec<String> = self.nodes.iter().map(|node| short(&node.name)).collect();
        let mut rows = vec![
            ["from \\ to".to_owned()]
                .into_iter()
                .chain(names.clone())
                .collect(),
        ];
        for (from, name) in self.nodes.iter().zip(names) {
            let cells = self.nodes.iter().map(|to| self.cell(from, to));
            rows.push(std::iter::once(name).chain(cells).collect::<Vec<_>>());
        }
        let widths: Vec<usize> = (0..=self.nodes.len())
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect();
        let mut text = String::new();
        for row in rows {
            let mut line = String::from("  ");
            for (cell, width) in row.iter().zip(&widths) {
                line += &format!("{cell:<width$}   ");
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    fn cell(&self, from: &Node, to: &Node) -> String {
        if from.id == to.id {
            return "-".into();
        }
        match self.reaches(from, to) {
            Some(Reach::Yes(Some(time))) => format!("yes {}", millis(time)),
            Some(Reach::Yes(None)) => "yes".into(),
            Some(Reach::No(why)) => why.into(),
            None if !to.listens => "cannot listen".into(),
            None => "?".into(),
        }
    }

    fn reaches(&self, from: &Node, to: &Node) -> Option<Reach> {
        self.reach.get(&(from.id.clone(), to.id.clone())).copied()
    }

    /// The nodes that this machine dialled in vain.
    fn unreached(&self) -> Vec<(&Node, &'static str)> {
        let Some(me) = self.nodes.iter().find(|node| node.id == self.me) else {
            return Vec::new();
        };
        let no = |to| match self.reaches(me, to) {
            Some(Reach::No(why)) => Some((to, why)),
            _ => None,
        };
        self.nodes.iter().filter_map(no).collect()
    }

    /// Whether nothing is in the way of this machine.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.dialable == Some(true) && self.unreached().is_empty()
    }

    /// What it means for this machine.
    #[must_use]
    pub fn meaning(&self) -> String {
        let port = self.port;
        let others = self.nodes.iter().filter(|node| node.id != self.me);
        let others = others.count();
        let nodes = match others {
            1 => String::from("the one other node"),
            others => format!("all {others} other nodes"),
        };
        let mut parts = vec![match self.dialable {
            Some(true) => format!("this machine can be dialled (TCP port {port})"),
            Some(false) => format!(
                "this machine cannot be dialled: its firewall, or a Wi-Fi that keeps its clients apart, does not let \
                 connections to TCP port {port} in; it will still fetch, and serve by dialling the others"
            ),
            None => String::from("the server does not say whether this machine can be dialled"),
        }];
        let unreached = self.unreached();
        match (others, unreached.len()) {
            (0, _) => parts.push("nobody else is in the room's swarm".into()),
            (_, 0) => parts.push(format!("it reaches {nodes}")),
            _ => {}
        }
        for (node, why) in unreached {
            let name = short(&node.name);
            parts.push(match self.dialable {
                Some(true) => format!(
                    "it does not reach {name} ({why}), which will have to dial this machine instead"
                ),
                _ => format!(
                    "it does not reach {name} ({why}): chunks between the two travel by way of others"
                ),
            });
        }
        parts.join("; ")
    }

    #[must_use]
    pub fn json(&self, target: &str) -> Value {
        let named = |id: &str| self.nodes.iter().find(|node| node.id == id);
        let mut reach: Vec<_> = self.reach.iter().collect();
        reach.sort_by_key(|((from, to), _)| (from, to));
        let reach = reach.into_iter().map(|((from, to), reach)| {
            let (ok, ms, why) = match reach {
                Reach::Yes(time) => (true, time.map(|time| time.as_secs_f64() * 1e3), None),
                Reach::No(why) => (false, None, Some(why)),
            };
            json!({ "from": from, "to": to, "ok": ok, "round_trip_ms": ms, "why": why })
        });
        let nodes = self
            .nodes
            .iter()
            .map(|node| json!({ "peer_id": node.id, "name": node.name, "listens": node.listens }));
        json!({
            "target": target,
            "ok": self.is_well(),
            "me": named(&self.me).map(|node| &node.id),
            "port": self.port,
            "dialable": self.dialable,
            "nodes": nodes.collect::<Vec<_>>(),
            "reach": reach.collect::<Vec<_>>(),
            "text": self.meaning(),
        })
    }
}

fn short(name: &str) -> String {
    match name.chars().count() > NAME_CHARS_MAX {
        true => name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(dialable: Option<bool>) -> Table {
        let node = |id: &str, name: &str, listens| Node {
            id: id.into(),
            name: name.into(),
            listens,
        };
        let mut table = Table {
            nodes: vec![
                node("server", "server", true),
                node("p1", "Ana's laptop", true),
                node("p2", "Ben", false),
                node("p3", "this machine", true),
            ],
            me: "p3".into(),
            dialable,
            port: 9004,
            ..Table::default()
        };
        let ms = |us| Reach::Yes(Some(Duration::from_micros(us)));
        for (from, to, reach) in [
            ("p3", "server", ms(400)),
            ("p3", "p1", ms(1234)),
            ("p1", "server", Reach::Yes(None)),
            ("p1", "p3", Reach::No("no")),
            ("server", "p3", Reach::Yes(None)),
        ] {
            table.reach.insert((from.into(), to.into()), reach);
        }
        table
    }

    #[test]
    fn the_table_has_a_row_for_who_dials_and_a_column_for_who_is_dialled() {
        let expected = [
            r"  from \ to      server        Ana's laptop   Ben             this machine",
            r"  server         -             ?              cannot listen   yes",
            r"  Ana's laptop   yes           -              cannot listen   no",
            r"  Ben            ?             ?              -               ?",
            r"  this machine   yes 0.40 ms   yes 1.23 ms    cannot listen   -",
        ];
        let drawn = party(Some(true)).drawn();
        assert_eq!(drawn.lines().collect::<Vec<_>>(), expected, "\n{drawn}");
    }

    #[test]
    fn it_is_said_what_the_table_means_for_this_machine() {
        let table = party(Some(true));
        assert!(table.is_well());
        assert_eq!(
            table.meaning(),
            "this machine can be dialled (TCP port 9004); it reaches all 3 other nodes"
        );
        let mut table = party(Some(false));
        assert!(!table.is_well());
        assert!(
            table
                .meaning()
                .contains("it will still fetch, and serve by dialling the others")
        );
        let pair = ("p3".to_owned(), "p1".to_owned());
        table.reach.insert(pair, Reach::No("timed out"));
        assert!(
            table
                .meaning()
                .contains("it does not reach Ana's laptop (timed out): chunks")
        );
        table.dialable = Some(true);
        assert!(!table.is_well());
        assert!(
            table
                .meaning()
                .contains("will have to dial this machine instead")
        );
        table.dialable = None;
        assert!(!table.is_well());
    }

    #[test]
    fn alone_in_a_room_is_no_trouble() {
        let mut table = party(Some(true));
        table.nodes.retain(|node| node.id == "p3");
        assert!(table.is_well());
        assert!(
            table
                .meaning()
                .ends_with("nobody else is in the room's swarm")
        );
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(short("Maximiliane"), "Maximiliane");
        assert_eq!(short(&"x".repeat(40)), format!("{}…", "x".repeat(19)));
    }
}
