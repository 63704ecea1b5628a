//! The limits for one address where addresses are many: networks of IPv6, in a network of their own, with the real binary at
//! `[::]`. Of a household everybody counts as one, and no other household notices.

use crate::common::lab::Lab;
use crate::common::running::Running;

use std::process::Stdio;

/// Stands on the server's machine, to which two whole networks belong, and speaks from any address of them. Prints what
/// came of each attempt; all its connections stay open to the end of a part.
const VISITORS: &str = r#"
import socket, struct, sys, time
IP_FREEBIND, PORT = 15, int(sys.argv[1])

def visit(source, request):
    family = socket.AF_INET6 if ':' in source else socket.AF_INET
    visitor = socket.socket(family)
    visitor.settimeout(50)
    if family == socket.AF_INET6:
        visitor.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
    visitor.bind((source, 0))
    visitor.connect(('2001:db8::1' if family == socket.AF_INET6 else '10.0.0.1', PORT))
    visitor.sendall(request)
    return visitor

def status(visitor):
    heard = b''
    while b'\r\n\r\n' not in heard:
        more = visitor.recv(1)
        if not more:
            break
        heard += more
    return heard[9:12].decode()

GET = b'GET /healthz HTTP/1.1\r\nHost: jam\r\n\r\n'
LOOK = b'GET /api/rooms/a HTTP/1.1\r\nHost: jam\r\nAuthorization: Bearer guess\r\nConnection: close\r\n\r\n'
HOME, OTHER, OLD = '2001:db8:0:1:', '2001:db8:0:2:', '10.0.0.1'

# The server may not have noticed yet that those of before are gone.
def until_there_is_room(ask):
    for _ in range(1000):
        held, said = ask()
        if '503' not in said:
            return held, said
        del held
        time.sleep(0.02)
    sys.exit('there is never room')

def three():
    held = [visit(HOME + ':%x' % number, GET) for number in range(1, 4)]
    return held, [status(visitor) for visitor in held]

def look(source):
    return until_there_is_room(lambda: (None, [status(visit(source, LOOK))]))[1][0]

def connections():
    held, said = until_there_is_room(three)
    for source in [HOME + 'ffff:1:2:3', OTHER + ':1', OLD]:
        held.append(visit(source, GET))
        said.append(status(held[-1]))
    print('connections', *said)

def keys():
    tried = 0
    while look(HOME + ':%x' % (0x100 + tried)) == '403':
        tried += 1
    said = [look(source) for source in [OTHER + ':1', OLD]]
    print('keys', 20 <= tried < 40, *said)

def enter(source, room):
    upgrade = ('GET /ws/%s HTTP/1.1\r\nHost: jam\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
               'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' % room)
    visitor = visit(source, upgrade.encode())
    assert status(visitor) == '101'
    hello = b'{"type":"HELLO","role":"viewer","key":"plum"}'
    visitor.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    heard = visitor.recv(2)
    return visitor, 'in' if heard[0] == 0x81 else struct.unpack('>H', visitor.recv(2))[0]

def rooms():
    held, said = [], []
    for number, source in enumerate([HOME + ':1', HOME + ':2', HOME + ':3', OTHER + ':1', OLD]):
        visitor, what = enter(source, 'r%d' % number)
        held.append(visitor)
        said.append(what)
    print('rooms', *said)

for part in [rooms, connections, keys]:
    part()
"#;

#[test]
fn everybody_of_a_network_of_ipv6_counts_as_one_and_no_other_network_notices() {
    let lab = Lab::new(&[("server", "10.0.0.1")]);
    lab.sh("ip -n server -6 addr add 2001:db8::1/128 dev lo
        ip -n server -6 route add local 2001:db8:0:1::/64 dev lo
        ip -n server -6 route add local 2001:db8:0:2::/64 dev lo");
    let mut server = lab.jam("server", &["server", "--listen", "[::]:8000"]);
    server.args(["--room-key", "plum", "--max-rooms-per-address", "2"]);
    server.args(["--max-connections-per-address", "3"]);
    let server = Running::start(server);
    server.wait_for_stdout(&["http://", "8000"]);
    let mut visitors = lab.on("server", "python3");
    visitors
        .args(["-c", VISITORS, "8000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = visitors.output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "rooms in in 1013 in in",
            "connections 200 200 200 503 200 200",
            "keys True 403 403",
        ],
        "{complaint}"
    );
    server.wait_for_stderr(&["2001:db8:0:1:ffff:1:2:3 turned away", "(3 at a time"]);
}
