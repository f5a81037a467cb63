"""The commands, in this process, on an embedded registry."""

import json
import os
import re
from pathlib import Path

import pytest

from jupyter_lifecycle import __version__
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.cli.main import build_parser
from jupyter_lifecycle.registry import Registry, Rule, Step
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.deliveries import Outcome

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("JUPYTER_LIFECYCLE_TOKEN", raising=False)
    return tmp_path / "home"


@pytest.fixture
def saved(home, make_bundle):
    with Registry() as registry:
        first = registry.add(
            make_bundle("ltv"), tags={"team": "x"}, metrics={"mae": 1.23456}, author="Ana"
        )
        second = registry.add(make_bundle("churn"), author="Ben")
        yield registry, first, second


@pytest.fixture
def run(capsys):
    def run(*words, status=0):
        assert main(words) == status
        said = capsys.readouterr()
        return said.out if status == 0 else said.err

    return run


def commands(parser, words=()):
    """Every command and action, however deep."""
    yield words, parser
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for name, child in action.choices.items():
                yield from commands(child, (*words, name))


COMMANDS = list(commands(build_parser()))


@pytest.mark.parametrize("words", [words for words, _ in COMMANDS], ids=" ".join)
def test_every_command_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: jupyter lifecycle")
    assert len(said.splitlines()) > 3


def test_every_command_of_the_registry_is_documented():
    pages = ("registry.md", "deployment.md", "experiments.md")
    text = "\n".join((ROOT / "docs" / page).read_text() for page in pages)
    for words, parser in COMMANDS:
        if not words or words[0] == "deployer":
            continue
        assert f"jupyter lifecycle {' '.join(words)}" in text, words
        for action in parser._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    assert option in text, (words, option)


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"jupyter_lifecycle {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["bogus"],
        ["tag", "abcd"],
        ["tag", "abcd", "novalue"],
        ["token"],
        ["search", "--limit", "x"],
    ],
)
def test_wrong_usage_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_search(run, saved):
    _, first, second = saved
    lines = run("search").splitlines()
    assert lines[0].split() == ["id", "name", "saved", "(UTC)", "by", "metrics", "tags"]
    assert lines[1].startswith(f"{second.short_id}  churn")
    assert lines[2].startswith(f"{first.short_id}  ltv")
    assert lines[2].endswith("Ana  mae=1.23  team=x")
    assert run("search", "tags.team = 'y'") == "No envelope matches.\n"
    assert run("search", "--count", "tags.team") == "1\n"
    more = run("search", "--limit", "1").splitlines()[-1]
    cursor = more.removeprefix("more: --cursor ")
    assert first.short_id in run("search", "--limit", "1", "--cursor", cursor)
    found = json.loads(run("search", "--json", "name = 'ltv'"))
    assert found["cursor"] is None
    assert found["items"][0]["id"] == first.id
    assert found["items"][0]["metrics"] == {"mae": 1.23456}


def test_an_empty_registry_is_searched_without_making_one(run, home):
    assert run("search") == "The registry is empty.\n"
    assert not home.exists()


def test_show(run, saved):
    _, first, _ = saved
    first.tag(approved="yes").untag("approved")
    said = run("show", first.short_id)
    for line in (
        "name      ltv",
        "inputs    age integer",
        "packages  numpy 2.4.0",
        "metrics   mae=1.23",
    ):
        assert line in said
    assert "approved: (none) → yes" in said
    assert "approved: yes → (removed)" in said
    found = json.loads(run("show", first.short_id, "--json"))
    assert found["manifest"] == dict(first.manifest)
    assert [change["key"] for change in found["history"]] == ["team", "approved", "approved"]


def test_tag_and_untag(run, saved):
    registry, first, _ = saved
    registry.set_rule(Rule("ltv", when="tags.approved = 'yes'"))
    moved = f"ltv on local  nothing → {first.short_id} (tags.approved = 'yes' became true for {first.short_id})"
    assert moved in run("tag", first.short_id, "approved=yes", "--preview")
    assert registry.get(first.id).tags == {"team": "x"}
    said = run("tag", first.short_id, "approved=yes", "note=a=b")
    assert "approved=yes note=a=b team=x" in said
    assert moved in said
    assert run("tag", first.short_id, "a=b", "--preview") == "No endpoint would move.\n"
    assert f"{first.short_id} → nothing" in run("untag", first.short_id, "approved", "note", "team")
    assert json.loads(run("tag", first.short_id, "a=b", "--json"))["tags"] == {"a": "b"}
    assert json.loads(run("untag", first.short_id, "a", "--preview", "--json"))["changes"] == []
    assert "no tags" in run("untag", first.short_id, "a")


def test_pins(run, saved, monkeypatch):
    registry, first, second = saved
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.detach.see_to_deployer", lambda registry: False
    )
    registry.set_rule(Rule("live", when="name = 'ltv'"))
    id_ = second.short_id
    said = run("pin", "live", id_, "--preview")
    assert f"live on local: {first.short_id} → {id_}, because pinned by" in said
    assert run("pin", "live", first.short_id, "--preview") == "No endpoint would move.\n"
    assert run("pin", "live", id_) == f"live: pinned to {id_}, wants {id_}\n"
    assert "(pinned by " in run("rules")
    assert json.loads(run("pin", "live", id_, "--json"))["pin"]["envelope"] == second.id
    assert f"{id_} → {first.short_id}" in run("unpin", "live", "--preview")
    assert run("unpin", "live") == f"live: not pinned, wants {first.short_id}\n"
    assert "there is nothing to roll back to" in run("rollback", "live", "--preview", status=1)
    attempt = registry.start_deployment("live", second.id, 1)
    registry.update_deployment(attempt.id, state="replaced", steps=[Step("switch", "done")])
    registry.set_endpoint("live", serving=first.id)
    assert json.loads(run("rollback", "live", "--preview", "--json"))["rules_checked"] == 1
    assert run("rollback", "live") == f"live: pinned to {id_}, wants {id_}\n"


def test_rules(run, saved, monkeypatch):
    registry, first, _ = saved
    seen_to = []  # a real one would deploy these bundles; tests/integration starts it
    monkeypatch.setattr("jupyter_lifecycle.cli.rules.see_to_deployer", seen_to.append)
    assert run("rules") == "There are no rules.\n"
    assert (
        run("rules", "set", "ltv", "--when", "name = 'ltv'", "--preview")
        == f"ltv would serve {first.short_id}.\n"
    )
    assert registry.rules() == ()
    said = run(
        "rules",
        "set",
        "ltv",
        "--when",
        "name = 'ltv'",
        "--order-by",
        "metrics.mae",
        "--on-none",
        "retire",
    )
    assert said == f"ltv: version 1, wants {first.short_id}\n"
    assert [registry.location for registry in seen_to] == [registry.location]
    assert "nothing yet" in run("rules", "set", "x", "--when", "name = 'x'")
    assert (
        run("rules", "set", "x", "--when", "name = 'y'", "--preview") == "No endpoint would move.\n"
    )
    listed = run("rules").splitlines()
    assert re.match(r"ltv +waiting +- +- +name = 'ltv' order by metrics.mae", listed[1])
    assert json.loads(run("rules", "--json"))[0]["rule"]["on_none"] == "retire"
    assert run("rules", "remove", "x") == "x: the rule is gone; what serves goes on.\n"
    assert "(no rule)" in run("rules")


def test_trust(run, home):
    assert run("trust") == ""
    assert run("trust", "HTTP://Host:80/x/") == "Models from http://host:80/x may be loaded now.\n"
    run("trust", "https://b")
    assert run("trust") == "http://host:80/x\nhttps://b\n"
    assert Registry("http://host:80/x", token="t").trust
    assert run("trust", "https://b", "--remove") == "It's trusted no longer.\n"
    assert run("trust", "https://b", "--remove") == "It was not trusted.\n"
    assert not Registry("https://b", token="t").trust
    assert "is no registry's address" in run("trust", "ftp://x", status=1)


def test_tokens(run, home):
    secret = run("token", "create", "ci", "--scope", "read", "--scope", "write").strip()
    assert re.fullmatch(r"jl_[0-9a-f]{8}_[0-9a-f]{64}", secret)
    listed = run("token", "list")
    assert "read write" in listed
    assert "valid" in listed
    assert secret not in listed
    made = json.loads(run("token", "create", "cd", "--scope", "admin", "--days", "2", "--json"))
    assert json.loads(run("token", "revoke", made["id"], "--json"))["revoked_at"]
    assert "There is no token nope" in run("token", "revoke", "nope", status=1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "ffff"], "There is no envelope ffff."),
        (["search", "name ="], "The query ends where a value should follow (position 6)."),
        (["tag", "ffff", "a=b"], "There is no envelope ffff."),
        (["rules", "remove", "x"], "There is no rule for an endpoint x."),
        (["search", "--registry", "http://127.0.0.1:9"], "does not answer. Tried 3 times in"),
        (
            ["search", "--registry", "postgres://x"],
            "postgres:// is no registry that can be opened here.",
        ),
    ],
)
def test_an_error_is_one_line_and_status_1(run, words, message):
    said = run(*words, status=1)
    assert said.startswith("jupyter lifecycle: ")
    assert message in said
    assert said.count("\n") == 1


def test_an_interrupt_is_no_traceback(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("jupyter_lifecycle.registry.Registry.search", interrupted)
    assert main(["search"]) == 130


def test_data_does_not_reach_the_terminal_as_commands(run, saved):
    _, first, _ = saved
    first.tag(evil="\x1b[31mred\x07")
    said = run("show", first.short_id)
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "\x1b" not in run("search")


def test_webhooks(run, home):
    secret = run("webhook", "add", "https://ci.example/x", "--event", "tag.changed")
    assert re.fullmatch(r"jlwh_[0-9a-f]{64}\n", secret)
    more = json.loads(run("webhook", "add", "https://ci.example/y", "--json"))
    assert more["secret"].startswith("jlwh_")
    first, _ = json.loads(run("webhook", "list", "--json"))
    assert (first["url"], first["kinds"]) == ("https://ci.example/x", ["tag.changed"])
    assert "secret" not in first
    assert re.search(rf"{first['id']} +20\S+ +tag\.changed +https://ci", run("webhook", "list"))

    store = Store.in_folder(home, author="ana")
    store.mailbox.enqueue()
    (told,) = json.loads(run("webhook", "deliveries", more["id"], "--json"))
    store.mailbox.record(told["id"], Outcome(404, "It answered 404."))
    store.close()
    assert "dead" in run("webhook", "deliveries", more["id"], "--state", "dead")
    assert "is sent again" in run("webhook", "resend", str(told["id"]))
    assert json.loads(run("webhook", "resend", str(told["id"]), "--json"))["state"] == "pending"
    assert "There is no delivery 99." in run("webhook", "resend", "99", status=1)
    assert "is removed" in run("webhook", "remove", first["id"])
    assert json.loads(run("webhook", "remove", more["id"], "--json")) == {}


def test_what_happened(run, saved):
    _, first, _ = saved
    lines = run("events").splitlines()
    assert lines[0].split()[4:] == ["envelope.saved", first.short_id]
    (last,) = json.loads(run("events", "--after", str(len(lines) - 1), "--json"))
    assert last["kind"] == "envelope.saved"
    assert len(run("events", "--limit", "1").splitlines()) == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_happens_is_followed_until_it_is_interrupted(run, saved, monkeypatch, capsys, form):
    registry, first, _ = saved
    asked = Registry.events
    seen = []

    def events(self, after=0, limit=100, **more):
        seen.append(after)
        if len(seen) == 2:
            first.tag(stage="live")
        if len(seen) > 3:
            raise KeyboardInterrupt
        return asked(self, after, limit)

    monkeypatch.setattr("jupyter_lifecycle.registry.Registry.events", events)
    assert main(["events", "--follow", "--after", "0", *form]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert "tag.changed" in lines[-1]
    monkeypatch.undo()
    assert len(lines) == len(registry.events())
    assert seen == sorted(seen)


def test_deleting_and_what_is_left(run, saved):
    _, first, _ = saved
    assert f"{first.short_id} of ltv is in the trash." in run("delete", first.short_id)
    assert re.search(rf"{first.short_id} +ltv +20\S+ \S+ +\w+ +\d", run("restore"))
    assert json.loads(run("restore", "--json"))[0]["id"] == first.id
    assert f"{first.short_id} of ltv is back." in run("restore", first.short_id)
    assert json.loads(run("delete", first.id, "--json"))["name"] == "ltv"
    assert json.loads(run("restore", first.id, "--json"))["id"] == first.id
    run("delete", first.id)
    assert run("gc").startswith("Removed for good: 0 envelopes")
    assert json.loads(run("gc", "--days", "0", "--json"))["envelopes"] == [first.id]


def test_backups(run, saved, tmp_path):
    _, first, _ = saved
    where = str(tmp_path / "backup")
    assert run("backup", "create", where).startswith("Backed up: 2 envelopes, ")
    assert run("backup", "verify", where).startswith("Whole: 2 envelopes, ")
    assert json.loads(run("backup", "verify", where, "--json"))["rows"]["envelopes"] == 2
    new = str(tmp_path / "new")
    assert run("backup", "restore", where, "--registry", new).startswith("Restored: 2 envelopes")
    assert first.short_id in run("search", "--registry", new)
    assert "There is a registry in" in run("backup", "restore", where, status=1)


def test_a_terminal_sees_how_far_a_backup_is(saved, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["backup", "create", str(tmp_path / "backup")]) == 0
    assert re.search(r"(\d) of \1 files\n$", capsys.readouterr().err)


def test_pruning_says_what_would_go_then_removes_it(run, home):
    old = home / "deployer" / "environments" / "old"
    (old / "bin").mkdir(parents=True)
    (old / "bin" / "python").write_bytes(b"x" * 2_000_000)
    os.utime(old, (1, 1))
    assert run("deployer", "prune", "--environment-days", "1e9") == "There is nothing to remove.\n"
    said = run("deployer", "prune", "--preview").splitlines()
    assert said[0].startswith("environment  old  2.0 MB  not used for ")
    assert said[1] == "2.0 MB would be freed."
    assert old.exists()
    (gone,) = json.loads(run("deployer", "prune", "--json"))
    assert (gone["kind"], gone["path"]) == ("environment", str(old))
    assert not old.exists()


def test_rules_are_applied_from_a_file_and_the_preview_is_a_gate(run, saved, tmp_path, monkeypatch):
    from jupyter_lifecycle.cli import apply

    started = []
    monkeypatch.setattr(apply, "see_to_deployer", started.append)
    registry, _, _ = saved
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n- endpoint: svc\n  when: name = 'ltv'\n  options: {approval: ok}\n")
    assert main(["apply", str(file), "--preview"]) == apply.WOULD_CHANGE
    assert registry.rules() == ()
    assert started == []
    assert run("apply", str(file)).startswith("+ svc\n")
    assert len(started) == 1
    assert run("apply", str(file), "--preview") == "Nothing changes.\n"
    assert json.loads(run("apply", str(file), "--json"))[0]["kind"] == "same"
    file.write_text("rules: []")
    assert run("apply", str(file), "--prune") == "- svc\n"
    file.write_text("rules: [x]")
    assert "line 1" in run("apply", str(file), status=1)


def test_approving_sets_the_tag_that_the_rule_names(run, saved, monkeypatch):
    from jupyter_lifecycle.deployment import detach

    monkeypatch.setattr(detach, "see_to_deployer", lambda _: False)
    registry, first, second = saved
    registry.set_rule(Rule("svc", "name = 'ltv'"))
    assert "its rule asks for none" in run("approve", "svc", status=1)
    registry.set_rule(Rule("svc", "name = 'nobody'", options={"approval": "ok-for-svc"}))
    assert "nothing matches its rule" in run("approve", "svc", status=1)
    registry.set_rule(Rule("svc", "name = 'ltv'", options={"approval": "ok-for-svc"}))
    assert run("approve", "svc") == f"svc: approved, wants {first.short_id}\n"
    assert registry.get(first.id).tags["ok-for-svc"] == "yes"
    assert json.loads(run("approve", "svc", second.short_id, "--json"))["name"] == "svc"
    assert registry.get(second.id).tags["ok-for-svc"] == "yes"


def test_layers_and_experiments(saved, run, monkeypatch):
    monkeypatch.setattr(
        "jupyter_lifecycle.deployment.detach.see_to_deployer", lambda *_, **__: False
    )
    registry, first, _ = saved
    registry.set_rule(Rule("live", "name = 'ltv'"))
    assert "ranking: by id, 95.00% free" in run(
        "layers", "set", "ranking", "--unit", "id", "--holdout", "0.05"
    )
    plan = (
        "--layer",
        "ranking",
        "--endpoint",
        "live",
        "--arm",
        "a=name = 'ltv'",
        "--metric",
        "late",
    )
    said = run("experiments", "plan", "depth", *plan, "--arm", f"b={first.id}", "--share", "0.3")
    assert said.startswith("<Experiment depth draft 30.00% on live")
    assert "depth takes 30.00% of layer ranking, slots 0–3000" in run(
        "experiments", "preview", "depth"
    )
    assert "running" in run("experiments", "start", "depth")
    assert "cannot start: it is running already" in _said(run, "experiments", "preview", "depth")
    assert "60.00%" in run("experiments", "ramp", "depth", "0.6")
    arms = {run("experiments", "assign", "depth", str(n)).strip() for n in range(40)}
    assert arms == {"a", "b", "not in the experiment"}
    assert "is no JSON object" in run(
        "experiments", "assign", "depth", "u", "--attributes", "[", status=1
    )
    assert "depth" in run("layers")
    assert json.loads(run("layers", "--json"))[0]["unit"] == "id"
    assert "running" in run("experiments")
    assert json.loads(run("experiments", "--json"))[0]["metrics"][0]["role"] == "primary"
    assert "Did you mean depth" in run("experiments", "stop", "dept", status=1)
    assert "shipped b" in run("experiments", "ship", "depth", "b", "ok=yes")
    assert registry.get(first.id).tags["ok"] == "yes"
    assert "shipped b" in run("experiments", "reports", "shipped = 'b'")
    assert json.loads(run("experiments", "--json", "reports"))[0]["name"] == "depth"
    run("experiments", "plan", "next", *plan, "--arm", f"b={first.id}")
    assert "stopped" in run("experiments")
    assert "the plan is gone" in run("experiments", "discard", "next")


def _said(run, *words):
    assert main(words) == 3
    return run.__closure__[0].cell_contents.readouterr().out
