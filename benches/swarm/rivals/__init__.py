"""Who is measured: each in a file of its own, all started and asked the same way (`base.Rival`)."""

from rivals.aria2 import Aria2
from rivals.jam import Jam
from rivals.libtorrent import Libtorrent
from rivals.nginx import Nginx
from rivals.rqbit import Rqbit
from rivals.transmission import Transmission
from rivals.udpcast import Udpcast


def everyone(options):
    """jam first, then other builds of it, then all rivals, in the order of the tables."""
    jams = [Jam("jam", options.jam)] + [Jam(name, path) for name, path in options.also]
    tuned, default = Libtorrent("tuned", options.tools), Libtorrent("default", options.tools)
    return jams + [tuned, default, Rqbit(options.tools), Transmission(), Aria2(), Nginx(), Udpcast()]
