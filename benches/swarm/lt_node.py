"""One node of libtorrent: `lt_node.py default|tuned TORRENT FOLDER ADDRESS:PORT seed|leecher`.

Says when it has everything, and goes on seeding.
"""

import sys

import libtorrent

DONE_MARK = "swarm-bench-done"
# As the manual's chapter on tuning and `high_performance_seed` suggest, for a network where every peer is near,
# trusted and wanted.
TUNED = {
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "mixed_mode_algorithm": 0,  # prefer TCP
    "allow_multiple_connections_per_ip": True,
    "rate_limit_ip_overhead": False,
    "enable_dht": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "choking_algorithm": 0,  # fixed slots, and then no limit to them
    "unchoke_slots_limit": -1,
    "unchoke_interval": 1,
    "optimistic_unchoke_interval": 2,
    "connections_limit": 8000,
    "connection_speed": 500,
    "torrent_connect_boost": 255,
    "peer_turnover": 0,
    "min_reconnect_time": 1,
    "max_out_request_queue": 1500,
    "max_allowed_in_request_queue": 2000,
    "request_queue_time": 3,
    "max_rejects": 10,
    "send_buffer_watermark": 3 * 1024 * 1024,
    "send_buffer_low_watermark": 1024 * 1024,
    "send_buffer_watermark_factor": 150,
    "send_socket_buffer_size": 0,
    "recv_socket_buffer_size": 0,
    "smooth_connects": False,
    "auto_sequential": False,
    "no_recheck_incomplete_resume": True,
    "in_enc_policy": 2,  # no encryption
    "out_enc_policy": 2,
    "allowed_enc_level": 1,
}


def main():
    mode, torrent, folder, address, role = sys.argv[1:6]
    settings = {"listen_interfaces": address, "alert_mask": libtorrent.alert.category_t.status_notification}
    if mode == "tuned":
        settings.update(TUNED)
    session = libtorrent.session(settings)
    wanted = libtorrent.add_torrent_params()
    wanted.ti = libtorrent.torrent_info(torrent)
    wanted.save_path = folder
    wanted.flags &= ~(libtorrent.torrent_flags.auto_managed | libtorrent.torrent_flags.paused)
    if role == "seed":
        wanted.flags |= libtorrent.torrent_flags.seed_mode  # has just made the file: nothing to check
    session.add_torrent(wanted)
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, libtorrent.torrent_finished_alert):
                print(DONE_MARK, flush=True)


if __name__ == "__main__":
    main()
