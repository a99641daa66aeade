"""What the tree of ``riskreg`` must be like, read from its source alone; nothing is imported.

Each guard takes a file's path below ``riskreg`` and its syntax tree, and gives a sentence for each
fault.
"""

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "riskreg"
LONGEST = 400
FACES = ("web", "api")
# Names that had to be learnt before a line could be read, and what stands in their place: parts of
# a name, and whole names.
RETIRED_PARTS = {"said": "to_json or localized", "told": "notified", "foretold": "forecast",
                 "strays": "absent_recipients"}  # fmt: skip
RETIRED = {
    "Backdrop": "DigestLookups", "Belongings": "Responsibilities", "Circle": "Roster",
    "Facts": "DigestData", "Fate": "DueOutcome", "Matter": "DutyScope",
    "Opened": "EndpointCredentials", "Picture": "DigestContents", "Scene": "RegisterSnapshots",
    "Tally": "CoverageCounts", "Unheard": "UnassignedDuties", "Renewer": "MessageRefresher",
    "brought_about": "created", "climbing": "advance", "settling": "assignment",
    "handing_on": "reassignment", "renewing": "refresh", "renewal": "refresh",
    "renewer": "refresher", "beside": "panels", "life": "lifecycle",
    "standing": "positions, status or risk_counts", "let_go": "drop_gone_and_readdress_moved",
    "hand_on": "reassign_pending", "go_away": "start_absence", "come_back": "end_absence",
    "pull_in_review": "bring_review_forward_in_memory", "take_position": "set_position",
    "standing_in": "risks_in_cell",
    "tidied": "url_without_empty_params_or_none", "turns_bad": "triggers_review",
    "will_ask": "set_registers_read_together", "seen_version": "expected_version",
    "look_again": "claim_next_wake_up", "hand_back": "release_not_begun",
    "recall": "reset_future_retries",
    "judge": "create_permitted_assessment", "sealing": "encryption", "calling": "http_client",
    "nasty": "hostile_values", "_banded": "value_low_high", "has_versions": "has_translations",
    "versions_of": "translations_of", "versions_changed": "split_translation_changes",
    "that_can_be_chosen": "mitigations_to_choose_from", "sorted_rows": "sort_rows",
    "close_decision": "close_with_obligations_and_build_entry",
    "open_breach": "create_breaches_and_build_entries",
    "end_of_day": "start_of_next_day", "window_end": "first_day_after_shown_weeks",
    "last_due_dates": "due_date_cutoffs", "rung_at": "highest_rung_reached",
    "comes_on": "day_of_rung", "gate_of": "parse_gate", "gates_shown": "gates_in_words",
    "as_given": "to_json", "level_given": "level_to_json",
    "names_given": "nonempty_texts_by_language",
    "names_in": "names_by_language", "ends_of": "p5_and_p95", "word_of": "figure_label_word",
    "label_of": "figure_label", "still_fitting": "read_confirmed_translations",
    "severity_of": "priority_of_risk or loss_per_event",
    "worst_served": "priority_of_worst_open_risk", "controls_of": "controls_in_place_of",
    "check_people": "check_deputy_is_not_owner",
    "check_options": "check_some_option_can_be_weighed",
    "check_estimates": "check_estimates_fit_one_run",
    "check_effects": "check_effects_fit_one_run", "purge": "purge_expired",
    "forget_requests": "delete_requests_and_drafts", "give_back": "release_key",
    "forget_address": "anonymise_address_in_past_invitations", "not_done": "mark_not_done",
    "with_triggers_dropped": "with_append_only_rule_dropped", "owe": "create_obligation",
    "forget_failures": "delete_failed_attempts", "left_alone": "serving_no_other_open_risk",
    "positions_toward": "open_positions_toward", "with_bytes": "all_evidence_with_bytes",
    "absences_for": "unended_absences_for", "schedules_for": "running_schedules_of_own_party",
    "links_for": "links_in_force_for",
    "error_page": "keep_draft_and_render_error", "keep_position": "set_position_if_concerned",
    "log_control": "log_control_and_bump_risk_version", "lost_jobs": "jobs_with_unclaimed_steps",
    "settle": "decide_if_all_agreed", "welcome_speaker": "post_missed_change_if_first_to_answer",
    "bring_about": "create_or_complete_register", "shown_given": "given_not_withheld",
    "shown_estimates": "estimates_not_withheld", "next_step": "next_step_and_columns",
    "own_forecasts": "own_forecasts_on_closed_risks", "risks_due": "all_risks_with_duty_fields",
    "may_follow": "state_after_or_none", "wait_for": "set_next_meeting_in_memory",
    "decision_called": "bare_decision_for", "standstill": "reasons_reminder_engine_is_dead",
    "over_plan": "uncancelled_mitigations_over_plan", "away_on": "stand_ins_by_absent_user",
}  # fmt: skip
WRITES = {
    "create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "save", "delete",
}  # fmt: skip
VERBS_OF_PARSERS = {
    "add", "answer", "build", "check", "clean", "find", "look", "parse", "read", "sort",
}  # fmt: skip
VERBS_OF_CONDITIONS = {"contains", "covers", "has", "is", "parse", "serves"}
PARTICIPLES = {"done", "given", "held", "kept", "made", "new", "old", "sent", "taken", "written"}
IMPURE = ("django.db", "django.http", "celery", "rest_framework")
# A template's line is read in one go: one element or tag to a line, where that helps.
TEMPLATES = ROOT.parent / "templates"
BESIDE_THE_ROOMS = (ROOT.parent / "config", ROOT.parent / "tools")
WIDEST = 160
Guard = Callable[[Path, ast.AST], Iterator[str]]


def modules() -> Iterator[tuple[Path, ast.AST]]:
    """Every module of the product but migrations, with its syntax tree."""
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        if "migrations" not in relative.parts:
            yield relative, _parsed(path)


@functools.cache
def _parsed(path: Path) -> ast.AST:
    # Every guard asks for every module.
    return ast.parse(path.read_text())


def faults(guard: Guard) -> list[str]:
    """What ``guard`` finds in the whole tree."""
    return [f"{path}: {fault}" for path, tree in modules() for fault in guard(path, tree)]


def faces_build_no_query(path: Path, tree: ast.AST) -> Iterator[str]:
    """A read belongs in the queries of a room."""
    if path.parts[0] not in FACES:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager"):
            yield f"line {node.lineno}: .{node.attr} in a face"


def policies_are_pure(path: Path, tree: ast.AST) -> Iterator[str]:
    """Values and a date in, a value out: wherever a policy stands, module or package."""
    if "policy" not in (*path.parts[:-1], path.stem):
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            if any(name == part or name.startswith(f"{part}.") for part in IMPURE):
                yield f"line {getattr(node, 'lineno', 0)}: a policy imports {name}"
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            yield f"line {node.lineno}: a policy reads the database"


def knows_http(tree: ast.AST) -> Iterator[str]:
    """Requests and answers belong to the faces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("django.http", "django.shortcuts"):
            yield f"line {node.lineno}: HTTP belongs to the faces"


def only_services_write(path: Path, tree: ast.AST) -> Iterator[str]:
    """Rows change in services alone; the kernel has the tools for it, models how they are kept."""
    places = (*path.parts[:-1], path.stem)
    if places[0] == "kernel" or {"services", "models"} & set(places):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called = node.func
        if called.attr in WRITES and _on_rows(called.value):
            yield f"line {node.lineno}: .{called.attr}() outside services"
        if called.attr == "update" and _from_manager(called.value):
            yield f"line {node.lineno}: .update() outside services"


def files_are_short(path: Path, tree: ast.AST) -> Iterator[str]:
    """Read in a sitting."""
    count = len((ROOT / path).read_text().splitlines()) if (ROOT / path).exists() else 0
    if count > LONGEST:
        yield f"{count} lines; split it by noun"


def long_files(*folders: Path) -> list[str]:
    """Modules outside the rooms that nobody reads in a sitting either."""
    return [
        f"{path.relative_to(folder.parent)}: {count} lines; split it"
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if (count := len(path.read_text().splitlines())) > LONGEST
    ]


def wide_lines(folder: Path = TEMPLATES) -> list[str]:
    """The lines of the templates in ``folder`` that are wider than ``WIDEST``."""
    return [
        f"{path.relative_to(folder)}, line {number}: {len(line)} characters; break it"
        for path in sorted(folder.rglob("*.*"))
        if path.suffix in (".html", ".txt")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDEST
    ]


def words_are_plain(path: Path, tree: ast.AST) -> Iterator[str]:
    """No module, class, function, argument, alias or variable has a name that was retired."""
    for name, line in _names(path, tree):
        instead = RETIRED.get(name)
        for part in name.strip("_").split("_"):
            instead = instead or RETIRED_PARTS.get(part)
        if instead:
            yield f"line {line}: “{name}” is a retired word; see {instead}"


def parsers_say_so(path: Path, tree: ast.AST) -> Iterator[str]:
    """What notes errors and returns what it made of the input has a verb for a name, not a noun:
    ``_clean_day(errors, …)`` is read as it is meant, ``_day(errors, …)`` is not."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        notes = any(
            arg.arg == "errors" and arg.annotation and ast.unparse(arg.annotation) == "Errors"
            for arg in (*node.args.args, *node.args.kwonlyargs)
        )
        verb = node.name.strip("_").split("_")[0]
        if notes and ast.unparse(node.returns) != "None" and verb not in VERBS_OF_PARSERS:
            yield f"line {node.lineno}: {node.name} reads input; begin its name with a verb"


def entries_say_so(path: Path, tree: ast.AST) -> Iterator[str]:
    """What returns entries of the log that are not appended yet says so, in its name
    (``close_and_build_entry``) and its type: a name like ``close`` is read as if all were done."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        typed = node.returns is not None and any(
            isinstance(part, ast.Name) and part.id == "Entry" for part in ast.walk(node.returns)
        )
        if typed and not {"build", "entry", "entries"} & set(node.name.strip("_").split("_")):
            yield f"line {node.lineno}: {node.name} returns entries; say so in its name"
        if not typed and any(map(_returns_entry, ast.walk(node))):
            yield f"line {node.lineno}: {node.name} returns an entry; say so in its type"


def refusals_say_so(path: Path, tree: ast.AST) -> Iterator[str]:
    """``check_…(errors, …)`` adds to errors, and who calls it goes on; what raises by itself is
    called ``require_…``, so that nobody waits for errors that never come back."""
    if not {"services", "queries", "policy"} & {*path.parts[:-1], path.stem}:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        adds = any(arg.arg == "errors" for arg in (*node.args.args, *node.args.kwonlyargs))
        checks = node.name.strip("_").split("_")[0] == "check"
        if checks and not adds and ast.unparse(node.returns) == "None":
            yield f"line {node.lineno}: {node.name} raises; begin its name with require"


def writers_have_verbs(path: Path, tree: ast.AST) -> Iterator[str]:
    """A service that writes is named for what it does: ``uploaded(file)`` or ``failed(…)`` are read
    as questions, ``store_upload`` and ``record_failure`` are not."""
    if "services" not in (*path.parts[:-1], path.stem):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        first = node.name.strip("_").split("_")[0]
        participle = first in PARTICIPLES or (first.endswith("ed") and not first.endswith("eed"))
        if participle and any(map(_writes, ast.walk(node))):
            yield f"line {node.lineno}: {node.name} writes; begin its name with a verb"


def _writes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    called = node.func
    return called.attr in WRITES or (called.attr == "update" and _from_manager(called.value))


def conditions_say_so(path: Path, tree: ast.AST) -> Iterator[str]:
    """A condition of a query is named as one, with a verb: ``Position.objects.filter(above(…))`` is
    read, and ``def above(…)`` alone is taken for the rows themselves."""
    for node in tree.body if isinstance(tree, ast.Module) else ():
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        words = node.name.strip("_").split("_")
        named = words[0] in VERBS_OF_CONDITIONS or {"condition", "conditions"} & set(words)
        if ast.unparse(node.returns).split(" | ")[0] == "Q" and not named:
            yield f"line {node.lineno}: {node.name} is a condition; call it is_… or has_…"


def single_rows_say_so(path: Path, tree: ast.AST) -> Iterator[str]:
    """What is typed as rows and gives one at most says so: ``_newest(…)`` is read as several."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        typed, named = "QuerySet" in ast.unparse(node.returns), "one" in node.name.split("_")
        if typed and not named and any(map(_one_at_most, ast.walk(node))):
            yield f"line {node.lineno}: {node.name} gives one row at most; say so in its name"


def _one_at_most(node: ast.AST) -> bool:
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Subscript):
        return False
    cut = node.value.slice
    return (
        isinstance(cut, ast.Slice) and isinstance(cut.upper, ast.Constant) and cut.upper.value == 1
    )


def methods_say_what(path: Path, tree: ast.AST) -> Iterator[str]:
    """``of`` alone is a constructor (``Place.of(duty)``); a method of a value says what it
    gives."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.name not in ("of", "which"):
            continue
        if node.args.args and node.args.args[0].arg == "self":
            yield f"line {node.lineno}: {node.name} says nothing; name what it gives"


def _returns_entry(node: ast.AST) -> bool:
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Call):
        return False
    called = node.value.func
    return isinstance(called, ast.Attribute) and called.attr == "entry"


def _names(path: Path, tree: ast.AST) -> Iterator[tuple[str, int]]:
    for part in (*path.parts[:-1], path.stem):
        yield part, 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def _from_manager(node: ast.AST) -> bool:
    """Whether an expression starts from a model's manager."""
    return any(
        isinstance(part, ast.Attribute) and part.attr in ("objects", "_default_manager")
        for part in ast.walk(node)
    )


def _on_rows(node: ast.AST) -> bool:
    """Whether the called thing may be a row or rows: not a module, a file or a cache."""
    return _from_manager(node) or (
        isinstance(node, ast.Name) and node.id in ("row", "user", "risk", "thing", "delivery")
    )


GUARDS: tuple[Guard, ...] = (
    faces_build_no_query,
    policies_are_pure,
    only_services_write,
    files_are_short,
    words_are_plain,
    parsers_say_so,
    entries_say_so,
    refusals_say_so,
    methods_say_what,
    writers_have_verbs,
    conditions_say_so,
    single_rows_say_so,
)
