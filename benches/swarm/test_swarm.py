"""Tests of the parts that only compute; `make test-bench` runs them, without root or network."""

import io
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import options
import report
import scenarios
import stats
from network import Link, shaping
from process import Child
from rivals import everyone
from rivals.jam import FETCH, Jam
from torrent import bencode, make_torrent, piece_bytes


class Statistics(unittest.TestCase):
    def test_bound_of_a_song_is_its_bits_over_the_rate(self):
        self.assertAlmostEqual(stats.bound_s(5 * stats.MIB, 100), 0.4194304)

    def test_spread_tells_median_and_range_and_leaves_out_runs_without_a_figure(self):
        self.assertEqual(stats.spread([3, None, 1, 2]), "2.00 (1.00-3.00)")
        self.assertEqual(stats.spread([4, 1]), "2.50 (1.00-4.00)")
        self.assertEqual(stats.spread([1.234]), "1.23")
        self.assertEqual(stats.spread([None]), "-")

    def test_competitors_take_turns(self):
        self.assertEqual(stats.interleave(2, "AB"), [(0, "A"), (0, "B"), (1, "A"), (1, "B")])

    def test_sizes_are_told_in_binary_units(self):
        self.assertEqual([stats.size_text(size) for size in (100, 1536, 5 << 20, 1 << 30)],
                         ["100 bytes", "1.5 KiB", "5 MiB", "1 GiB"])

    def test_table_is_aligned_markdown(self):
        self.assertEqual(stats.table(["", "s"], [["jam", "1.25"]]),
                         "|     |    s |\n| --- | ---: |\n| jam | 1.25 |\n")


class Reports(unittest.TestCase):
    scenario = scenarios.ALL[0]

    def test_rivals_that_are_missing_or_fail_are_named(self):
        text = report.scenario_text(self.scenario, {
            "jam": [{"ratio": 1.2, "last_s": 0.5}, {"error": "leecher 2: exit code 1"}],
            "rqbit": "not installed: rqbit",
        })
        self.assertIn("| jam | ", text)
        self.assertIn("1.20", text)
        self.assertIn("- jam: 1 of 2 runs failed: leecher 2: exit code 1", text)
        self.assertIn("- rqbit: not installed: rqbit", text)

    def test_columns_without_any_figure_are_left_out(self):
        columns = report.columns_of(self.scenario, [{"ratio": 1.2, "seed_peak_mib": None}])
        self.assertEqual([key for key, _, _ in columns], ["ratio"])

    def test_share_of_iperf3_is_of_the_same_round(self):
        runs = report.with_iperf([{"mib_s": 1000 / 8 / 1.048576}, {"error": "x"}], [2000, 1000])
        self.assertAlmostEqual(runs[0]["of_iperf"], 0.5)
        self.assertNotIn("of_iperf", runs[1])


class Scenarios(unittest.TestCase):
    def test_shaping_has_a_burst_of_two_and_a_half_milliseconds(self):
        self.assertEqual(shaping(100), "tbf rate 100000000bit burst 31250 latency 50ms")
        self.assertEqual(shaping(10), "tbf rate 10000000bit burst 16384 latency 50ms")

    def test_a_slow_node_has_its_own_rate(self):
        link = Link(100, slow={7: 10})
        self.assertEqual([link.rate_of(1), link.rate_of(7)], [100, 10])

    def test_all_are_known_by_name_and_a_quick_one_is_short(self):
        self.assertEqual(len({scenario.name for scenario in scenarios.ALL}), len(scenarios.ALL))
        quick = scenarios.chosen(["album"], True)
        self.assertEqual([(one.size, one.rounds) for one in quick], [(16 << 20, 1)])

    def test_unknown_scenario_is_a_wrong_argument(self):
        with self.assertRaises(SystemExit) as ended, redirect_stderr(io.StringIO()):
            options.parse(["--only", "opera"])
        self.assertEqual(ended.exception.code, 2)

    def test_other_builds_of_jam_come_right_after_it(self):
        chosen = options.parse(["--jam", "a", "--also", "before=b"])
        self.assertEqual([one.name for one in everyone(chosen)[:2]], ["jam", "before"])


class Torrents(unittest.TestCase):
    def test_bencode_sorts_keys(self):
        self.assertEqual(bencode({"b": [1, "x"], "a": b"\0"}), b"d1:a1:\x001:bli1e1:xee")

    def test_a_torrent_has_a_hash_for_every_piece(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "song.bin"
            path.write_bytes(bytes(piece_bytes(0) + 1))
            content = make_torrent(path, "http://10.0.0.1/announce")
        self.assertIn(b"6:lengthi32769e4:name8:song.bin12:piece lengthi32768e6:pieces40:", content)


class Jams(unittest.TestCase):
    def test_track_id_is_read_from_what_a_seed_prints(self):
        track_id = "0123456789abcdef" * 4
        for line in (f"jam fetch {track_id} --connect 10.0.0.1:9003", f"  try: jam fetch -o x {track_id}"):
            self.assertEqual(FETCH.search(line).group(1), track_id)
        self.assertIsNone(FETCH.search("hashing jam fetch.wav"))

    def test_only_the_done_event_ends_a_leecher(self):
        child = type("", (), {"reported": None})
        jam = Jam("jam", "jam")
        for line in ("fetching 3 of 320", '{"event":"progress"}', "{", None):
            self.assertFalse(jam.is_done(child, line))
        self.assertTrue(jam.is_done(child, '{"event":"done","bytes":5}'))
        self.assertEqual(child.reported["bytes"], 5)


class Processes(unittest.TestCase):
    def test_lines_end_at_carriage_returns_too_and_usage_is_kept(self):
        child = Child("sh", ["sh", "-c", r"printf 'a\rb\n\nc'"])
        child.reap(wait=True)
        self.assertEqual(child.read_lines(), (["a", "b"], True))
        self.assertEqual(child.exit_code, 0)
        self.assertGreaterEqual(child.cpu_s, 0)
        child.process.stdout.close()


if __name__ == "__main__":
    unittest.main()
