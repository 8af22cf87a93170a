"""Every attack of tests/security: what is expected, and what was seen.

    python -m bench.attacks              runs them, and prints the table
    python -m bench.attacks --without    takes each guard away in a copy, and runs its test

An attack is held if its tests pass. Without its guard a test has to fail: that shows that it is the
guard which holds, and that the test would miss it. Both end with exit code 1 if one does otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from cropdash.settings.folders import PROJECT

LIMIT_S = 900


@dataclass(frozen=True)
class Attack:
    """What is tried, what is to come of it, and the test that tries it."""

    attack: str
    expected: str
    test: str  # below tests/
    file: str = ""  # of the guard, below cropdash/
    guard: str = ""  # its text
    without: str = ""  # the same text without it


FILES, MODELS, WORDS = (
    "security/test_files.py::",
    "security/test_models.py::",
    "security/test_words.py::",
)
INPUTS, SERVER, PAGES = (
    "security/test_bad_inputs.py::",
    "security/test_server.py::",
    "security/test_pages.py::",
)
SCHEDULER, SECRETS = "security/test_scheduler.py::", "security/test_secrets.py::"
SIGN_IN, ACCESS = "security/test_signin.py::", "security/test_access.py::"
DAMAGE, RECORDS = "security/test_damage.py::", "storage/test_records.py::"
ATTACKS = (
    Attack(
        "a virtual layer under the name of a register or a list of zones", "refused by its first bytes",
        FILES + "test_a_virtual_layer_under_any_name_opens_neither_file_nor_address",
    ),
    Attack(
        "a GeoPackage whose layer is an endless view", "refused before GDAL opens it",
        FILES + "test_a_layer_that_is_an_endless_view_is_refused",
        "files/vectors.py", 'if kind == "view":', "if False:",
    ),
    Attack(
        "a trigger of its own in a GeoPackage", "refused",
        FILES + "test_a_geopackage_holds_tables_alone",
        "files/vectors.py", 'if kind == "trigger" and not', "if False and not",
    ),
    Attack(
        "ten million rows in a small Parquet file", "refused by its footer",
        FILES + "test_ten_million_rows_without_geometry_in_a_small_file",
        "files/parquet.py", "if about.num_rows * _ROW > size + _SPARE:", "if False:",
    ),
    Attack(
        "six million letters, packed as a dictionary", "refused before they are unpacked",
        FILES + "test_long_ids_in_a_small_file",
        "files/parquet.py", "if longest > LONGEST:", "if False:",
    ),
    Attack(
        "a virtual raster under the name of a scene", "the file or address in it is not opened",
        FILES + "test_a_virtual_raster_under_the_name_of_a_scene_is_not_followed",
        "files/rasters.py", "rasterio.open(path, driver=driver, **options)", "rasterio.open(path, **options)",
    ),
    Attack(
        "a GeoTIFF whose one block is 9.8 GB", "refused by its header",
        FILES + "test_an_image_that_says_it_is_endless_is_not_begun",
        "files/rasters.py", " or block > _MOST_BLOCK:", ":",
    ),
    Attack(
        "a damaged GeoTIFF of which GDAL quotes bytes that are no text", "nothing but a sentence",
        "security/test_mutations.py::test_nothing_is_printed_of_what_gdal_says_in_bytes_that_are_no_text",
        "files/rasters.py", "sys.unraisablehook, sys.excepthook = _heard, _ended", "pass",
    ),
    Attack(
        "weights with a changed byte", "the digest does not fit",
        MODELS + "test_each_changed_byte_of_weights_is_known",
        "classify/classifier.py", "if checksum(raw) != expected:", "if False:",
    ),
    Attack(
        "trees that lead nowhere, with a renewed digest", "refused before XGBoost sees them",
        MODELS + "test_trees_that_lead_nowhere_never_reach_the_library",
        "classify/xgboost/guard.py", "        _check_trees(trees, features)", "        pass",
    ),
    Attack(
        "a network whose weights are no numbers, with a renewed digest", "refused",
        MODELS + "test_a_network_of_no_numbers_is_refused_though_its_digest_fits",
        "classify/cnn/model.py",
        "if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):", "if False:",
    ),
    Attack(
        "a forest whose ways never end, with a renewed digest", "refused",
        MODELS + "test_a_forest_whose_ways_never_end_is_refused",
        "classify/forest.py", "if not within.all() or np.isnan(self.threshold).any():", "if False:",
    ),
    Attack(
        "an area's outline larger than is read", "told as that, whatever its kind",
        "files/test_outlines.py::test_what_is_too_large_is_told_as_that_whatever_its_kind",
        "files/outlines.py", "if about.st_size > most:", "if False:",
    ),
    Attack(
        "2,000 damaged files for each of sixteen readers", "a sentence, or what is there",
        "security/test_mutations.py",
    ),
    Attack(
        "300 bad inputs at the command line, and damaged files", "a sentence and exit code 2, or taken",
        INPUTS + "test_every_bad_input_is_refused_in_a_sentence_or_taken",
    ),
    Attack(
        "a pipe in the place of a list, a table or metadata", "refused, and waited for by nobody",
        FILES + "test_a_pipe_in_place_of_a_file_is_waited_for_by_nobody",
        "files/atomic.py", "if not stat.S_ISREG(os.fstat(handle).st_mode):", "if False:",
    ),
    Attack(
        "weights that are a pipe, a folder or 3 GB", "damaged: train it again",
        MODELS + "test_weights_that_are_no_file_are_damaged",
        "classify/classifier.py", "atomic.read_bytes(folder / self._file, MOST)", "(folder / self._file).read_bytes()",
    ),
    Attack(
        "bad input in the forms of the pages", "a sentence, or accepted and right",
        "security/test_forms.py",
    ),
    Attack(
        "a name that ends in a new line", "refused",
        INPUTS + "test_a_name_is_matched_whole",
        "domain/nouns.py", "NAME.fullmatch(", "NAME.match(",
    ),
    Attack(
        "orders of the terminal in names and errors", "shown as they stand",
        WORDS + "test_the_terminal_shows_words_as_they_stand",
        "cli/terminal.py", "markup=False, emoji=False", "markup=True, emoji=True",
    ),
    Attack(
        "formulas in cells of a CSV", "begin with an apostrophe",
        WORDS + "test_no_cell_of_a_table_is_a_formula",
        "files/tables.py", """return f"'{text}" if is_formula else text""", "return text",
    ),
    Attack(
        "Markdown and HTML in titles, codes, ids and notes", "text alone on every page",
        PAGES + "test_no_foreign_word_acts_on_a_page",
        "ui/shell/literal.py", "return _ACTING.sub(_escaped, line)", "return line",
    ),
    Attack(
        "a picture of another site in a page", "the browser is told not to ask for it",
        SERVER + "test_every_answer_tells_the_browser_what_it_may",
        "ui/shell/guard.py", "MutableHeaders(scope=message).update(self._headers)", "pass",
    ),
    Attack(
        "another site's page opens the socket", "403",
        SERVER + "test_the_socket_opens_to_the_server_s_own_pages_alone",
        "ui/shell/guard.py", "if changes and not _is_own(Headers(scope=scope)):", "if False:",
    ),
    Attack(
        "a name that is made to point at the server", "400",
        SERVER + "test_pages_answer_to_the_server_s_names_alone",
        "ui/shell/guard.py", "allowed_hosts=hosts", 'allowed_hosts=["*"]',
    ),
    Attack(
        "the addresses of metrics and of agents", "404",
        SERVER + "test_closed_addresses",
        "ui/shell/guard.py", "return 404", "return 200",
    ),
    Attack(
        "who has not signed in asks for pages, scripts and files", "401, or the sign-in page",
        SIGN_IN + "test_nothing_else_is_given_to_them",
        "ui/shell/door.py", "if who.role is None:", "if False:",
    ),
    Attack(
        "who has not signed in opens the socket", "401",
        SIGN_IN + "test_nor_the_socket",
        "ui/shell/door.py", "if who.role is None:", "if False:",
    ),
    Attack(
        "a viewer presses a button by the socket", "nothing is started",
        SIGN_IN + "test_a_viewer_s_socket_starts_nothing_though_it_presses_the_button",
        "ui/shell/identity.py", """more | {"disabled": True} if why else more""", "more",
    ),
    Attack(
        "a viewer's call, past every button", "refused by the policy",
        ACCESS + "test_a_viewer_and_a_stranger_change_nothing",
        "domain/access.py", "if not who.may(action):", "if False:",
    ),
    Attack(
        "a viewer's browser at every address, with orders in it", "nothing is changed",
        "browser/test_signin.py::test_a_viewer_s_browser_starts_nothing_at_any_address",
    ),
    Attack(
        "a viewer fills the server's memory with a file", "403",
        SIGN_IN + "test_a_viewer_uploads_nothing_into_the_server_s_memory",
        "ui/shell/door.py", 'if not who.may("upload"):', "if False:",
    ),
    Attack(
        "an open socket whose user was removed, or has another password", "it ends",
        SIGN_IN + "test_an_open_socket_ends_when_its_user_is",
        "ui/shell/door.py", 'if message["type"] == "websocket.receive" and', "if False and",
    ),
    Attack(
        "passwords are tried one after the other", "after ten the name waits",
        SIGN_IN + "test_too_many_wrong_passwords_have_to_wait",
        "ui/shell/signin.py", "return len(tries) >= _TRIES", "return False",
    ),
    Attack(
        "a link to the sign-in that leads to another site", "one lands on the first page",
        SIGN_IN + "test_one_lands_where_one_wanted_to_go_and_nowhere_else",
        "ui/shell/signin.py", "if wanted.scheme or wanted.netloc or wanted.path not in known", "if False",
    ),
    Attack(
        "a person of the provider whose address is not verified, or who is no user", "stays outside",
        SIGN_IN + "test_who_is_no_user_stays_outside",
        "ui/shell/signin.py", 'if claims.get("email_verified") is True else []', "",
    ),
    Attack(
        "a false token of the provider", "lets nobody in",
        SIGN_IN + "test_a_false_token_lets_nobody_in",
    ),
    Attack(
        "a server that would let everybody in", "does not start",
        SIGN_IN + "test_whom_a_server_lets_in_without_a_sign_in",
        "ui/shell/serving.py", "if others := _others():", "if others := []:",
    ),
    Attack(
        "a viewer, and who has not signed in, call what changes something", "refused, nothing is changed",
        ACCESS + "test_a_viewer_and_a_stranger_change_nothing",
        "jobs/place.py", 'access.require("start")', "pass",
    ),
    Attack(
        "a function that pages reach and that asks nobody", "found",
        ACCESS + "test_no_function_that_pages_reach_is_left_out",
    ),
    Attack(
        "what is done leaves no trace", "a row of the record, before it is done",
        ACCESS + "test_what_an_operator_does_stands_in_the_record",
        "jobs/place.py", "record.note(data,", "print(data,",
    ),
    Attack(
        "an analyst stops another's job", "refused",
        ACCESS + "test_one_stops_one_s_own_and_operators_everybody_s",
        "jobs/launch.py", 'access.require("stop" if is_own else "stop others")', 'access.require("stop")',
    ),
    Attack(
        "one person starts as many jobs as the machine takes", "refused beyond the limit",
        ACCESS + "test_a_person_has_as_many_jobs_as_the_operator_lets_them",
        "jobs/limits.py", "if count >= limit:", "if False:",
    ),
    Attack(
        "one person fills the disk with files", "refused beyond the limit",
        ACCESS + "test_a_person_uploads_as_much_as_the_operator_lets_them",
        "storage/uploads.py", "if kept + size > limit:", "if False:",
    ),
    Attack(
        "a worker, or a process that a page waits for, reads the server's secret", "it is not given it",
        ACCESS + "test_no_worker_is_given_the_server_s_secret",
        "jobs/processes.py", "if name not in _NOT_FOR_WORKERS", "",
    ),
    Attack(
        "another process of the machine enters the cluster", "it has no certificate",
        SCHEDULER + "test_another_process_of_this_machine_runs_nothing_in_the_cluster",
        "jobs/execute/cluster.py", "security=secret,", "",
    ),
    Attack(
        "a foreign dataset names a scheduler", "refused",
        SCHEDULER + "test_a_foreign_dataset_names_no_scheduler",
    ),
    Attack(
        "a document that is larger than 64 MB, a pipe, or a number that is none", "one sentence",
        RECORDS + "test_what_is_no_document_is_damaged",
        "files/atomic.py", "if not math.isfinite(value):", "if False:",
    ),
    Attack(
        "a file of a zone that is not as it was written", "the zone is listed as damaged",
        DAMAGE + "test_a_byte_that_was_changed_in_place_is_seen",
        "files/atomic.py", "if about.st_ctime_ns <= since_ns:", "if True:",
    ),
    Attack(
        "one damaged run among others", "listed as damaged; all else is shown",
        DAMAGE + "test_one_damaged_run_is_listed_and_the_rest_stays",
        "storage/infos.py", "        return None  # `damaged` lists it", "        raise",
    ),
    Attack(
        "a heartbeat from the future whose worker is dead", "lost",
        DAMAGE + "test_a_heartbeat_from_the_future_is_nobody_s",
        "storage/status.py", "abs(time.time() - last)", "(time.time() - last)",
    ),
    Attack(
        "every kind of file, damaged: a sample", "no traceback, no blank page, nothing else lost",
        DAMAGE + "test_a_sample_of_damaged_files",
    ),
    Attack(
        "work that is killed or stopped, or lacks memory or disk", "taken up again to the same bytes",
        "security/test_campaign.py",
    ),
    Attack(
        "the password of a database that does not answer", "in no sentence, on no page",
        SECRETS + "test_the_password_of_a_database_that_does_not_answer_is_told_nowhere",
    ),
    Attack(
        "a database is named in an error or on a page", "without who signs in",
        SECRETS + "test_a_database_is_named_without_who_signs_in",
        "storage/database/connect.py", "return hidden(address", "return str(address",
    ),
    Attack(
        "keys in addresses, the environment and errors", "in no log, folder, page or list of processes",
        SECRETS[:-2],
        "domain/secret.py", "return _PAIR.sub", "return text or _PAIR.sub",
    ),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", action="store_true", help="take each guard away")
    parser.add_argument("--only", default="", help="attacks whose words hold this")
    given = parser.parse_args()
    chosen = [attack for attack in ATTACKS if given.only in attack.attack]
    failed = without(chosen) if given.without else held(chosen)
    sys.exit(bool(failed))


def held(attacks: list[Attack]) -> int:
    """Run all tests, print a line an attack; how many were not held."""
    print("| attack | expected | seen |\n| --- | --- | --- |")
    failed = 0
    for attack in attacks:
        passed, broken = run(PROJECT, attack.test)
        good = passed > 0 and not broken
        failed += not good
        print(
            f"| {attack.attack} | {attack.expected} | {'held' if good else 'BROKEN'} ({passed} of {passed + broken} tests) |",
            flush=True,
        )
    print(f"{len(attacks)} attacks, {failed} not held.")
    return failed


def without(attacks: list[Attack]) -> int:
    """Take each guard away in a copy of the project; how many are not missed by their test."""
    print("| guard | taken away | its test |\n| --- | --- | --- |")
    unmissed = 0
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        ignored = shutil.ignore_patterns(".git", "data", "models", "__pycache__", ".*_cache")
        shutil.copytree(PROJECT, copy, ignore=ignored)
        if (PROJECT.parent / "shared").exists():
            (Path(scratch) / "shared").symlink_to((PROJECT.parent / "shared").resolve())
        for attack in attacks:
            if not attack.guard:
                continue
            path = copy / "cropdash" / attack.file
            whole = path.read_text(encoding="utf-8")
            if attack.guard not in whole:
                raise SystemExit(f"{attack.file} has no {attack.guard!r} any more.")
            path.write_text(whole.replace(attack.guard, attack.without), encoding="utf-8")

            _, broken = run(copy, attack.test)
            path.write_text(whole, encoding="utf-8")
            unmissed += not broken
            word = f"fails ({broken})" if broken else "PASSES WITHOUT IT"
            print(
                f"| {attack.file}: `{attack.guard.strip()}` | `{attack.without.strip()}` | {word} |",
                flush=True,
            )
    print(f"{sum(bool(a.guard) for a in attacks)} guards, {unmissed} not missed.")
    return unmissed


def run(project: Path, test: str) -> tuple[int, int]:
    """How many of the tests passed, and how many did not."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            f"tests/{test}",
        ]
        try:
            subprocess.run(
                command,
                cwd=project,
                env={**os.environ, "PYTHONPATH": str(project)},
                capture_output=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 0, 1
        suite = next(iter(ET.parse(report).getroot()))  # noqa: S314 (pytest's own)
        count = {
            name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        }
    bad = count["failures"] + count["errors"]
    return count["tests"] - bad - count["skipped"], bad


if __name__ == "__main__":
    main()
