import pytest

from jupyter_lifecycle.errors import ExampleError, RegistryUnavailableError, StorageFormatError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.widgets.introspection import Candidate, Metric
from jupyter_lifecycle.widgets.panel_save import SavePanel
from jupyter_lifecycle.widgets.proposal import Proposal
from jupyter_lifecycle.widgets.save_form import Tools
from jupyter_lifecycle.widgets.save_views import Finding

pytestmark = pytest.mark.usefixtures("front_end")

PROPOSAL = Proposal(
    name="departure-delay",
    model="model",
    example="frame[:2]",
    models=(Candidate("model", "Booster", 6),),
    metrics=(Metric("mae", 13.2837, "mae"),),
)
STEPS = (("Schema verified", 0.004, "2 rows"), ("Environment locked", 0.0, "14 packages"))


class Outside:
    """What the panel calls, written down; ``fails`` is raised at its place."""

    def __init__(self, registry, make_bundle):
        self.registry, self.make_bundle = registry, make_bundle
        self.saved, self.looked, self.tagged = [], [], []
        self.fails = self.refuses = None
        self.during = lambda: None

    def save(self, model, *, progress, registry, name, tags=None, metrics=None, **others):
        for step in STEPS:
            progress(*step)
            self.during()
        if self.fails:
            raise self.fails
        self.saved.append((model, others))
        envelope = registry.add(self.make_bundle(name, salt="s"), tags=tags, metrics=metrics)
        progress("store", 0.038, f"as {envelope.short_id}")
        return envelope

    def find(self, model, keywords, found):
        self.looked.append((model, keywords))
        if self.refuses:
            raise self.refuses
        found(Finding("example", "Example", "fresh", "2 rows × 3 columns"))
        found(Finding("schema", "Schema", "fresh", "3 inputs", "<i>detail</i>"))
        found(Finding("size", "Size", "fresh", "2.1 MB"))

    def tag_panel(self, envelope):
        from ipywidgets import HTML

        self.tagged.append(envelope)
        return HTML("tags")


@pytest.fixture
def outside(registry, make_bundle):
    return Outside(registry, make_bundle)


@pytest.fixture
def namespace():
    return {"model": "m", "frame": [1, 2, 3], "mae": 13.2837}


@pytest.fixture
def open_panel(outside, registry, namespace, worker, now):
    def opened(proposal=PROPOSAL, **tools):
        given = {
            "save": outside.save,
            "find": outside.find,
            "tag_panel": outside.tag_panel,
            "registries": {"Local registry": ("", registry)},
            "now": now,
        } | tools
        return SavePanel(namespace, proposal, Tools(**given), worker)

    return opened


def text(panel):
    """All that the panel says."""
    from ipywidgets import HTML, Box

    def said(widget):
        if isinstance(widget, HTML):
            yield widget.value
        if isinstance(widget, Box):
            for child in widget.children:
                yield from said(child)

    return "\n".join(said(panel))


def hidden(widget):
    return "jl-hidden" in widget._dom_classes


def test_it_opens_ready_to_click(open_panel, outside):
    panel = open_panel()
    assert not panel._save.disabled
    assert outside.looked == [("m", {"example": [1, 2]})]
    said = text(panel)
    for words in (
        "Not saved before",
        "Booster",
        "fitted in cell 6",
        "2 rows × 3 columns",
        "2.1 MB",
    ):
        assert words in said
    assert "Saving deploys nothing" in said
    assert "import jupyter_lifecycle as jl" in panel.form.code


def test_tags_and_comparison_come_from_the_last_save_but_not_what_a_rule_reads(
    open_panel, shelf, registry
):
    registry.set_rule(Rule("e", "tags.approved = 'yes'"))
    shelf(tags={"team": "a", "approved": "yes"}, metrics={"mae": 13.41})
    shelf("other", tags={"x": "y"})
    panel = open_panel()
    assert panel.form.call.tags == {"team": "a"}
    said = text(panel)
    assert "Saved once" in said
    assert "0.13 better than the last save" in said
    assert "is never copied" in said
    assert panel.form._name.options == ("departure-delay", "other")


def test_a_click_makes_the_call_and_binds_the_envelope(open_panel, outside, namespace, registry):
    panel = open_panel()
    panel.form._chips.tags = {"team": "a"}
    panel._save.click()
    assert outside.saved == [("m", {"example": [1, 2]})]
    envelope = namespace["envelope"]
    assert (dict(envelope.tags), dict(envelope.metrics)) == ({"team": "a"}, {"mae": 13.2837})
    assert panel.stage == "saved"
    said = text(panel)
    for words in (
        "Saved ",
        envelope.short_id,
        "Schema verified: 2 rows",
        "Stored and committed",
        "4 ms",
    ):
        assert words in said
    assert "no rule asks for it" in said
    assert (hidden(panel.form), hidden(panel._tag), hidden(panel._save)) == (True, False, True)
    assert panel.announcer.focus.startswith(".jl-icon-tag")
    assert "departure-delay is saved" in panel.announcer.message


def test_the_result_names_the_rule_and_what_it_serves(open_panel, shelf, registry):
    registry.set_rule(Rule("live", "name = 'departure-delay' and tags.approved = 'yes'"))
    first = shelf(tags={"approved": "yes"})
    panel = open_panel()
    panel._save.click()
    said = text(panel)
    assert "<b>live</b>" in said
    assert "approved = yes" in said
    assert first.short_id in said


def test_the_same_content_again_says_so(open_panel):
    panel = open_panel()
    panel._save.click()
    panel._again.click()
    assert panel.stage == "form"
    panel._save.click()
    assert "Nothing new: this is" in text(panel)


def test_the_next_step_is_tags_in_place(open_panel, outside, namespace):
    panel = open_panel()
    panel._save.click()
    panel._tag.click()
    assert outside.tagged == [namespace["envelope"]]
    assert len(panel._below.children) == 1
    panel._again.click()
    assert panel._below.children == ()


def test_what_was_typed_is_what_is_called(open_panel):
    panel = open_panel()
    panel.form._name.value = "ltv"
    panel.form._example.value = "frame[:1]"
    panel.form._chips.tags = {"a": "b"}
    rows = panel.form._metrics
    rows._rows[0].value.value = "1,300.5"
    rows._add.click()
    rows._rows[1].name.value, rows._rows[1].value.value = "auc", ".9"
    call = panel.form.call
    assert (call.name, call.example, dict(call.tags)) == ("ltv", "frame[:1]", {"a": "b"})
    assert [(item.name, item.code) for item in call.metrics] == [("mae", "1300.5"), ("auc", "0.9")]
    assert '"auc": 0.9' in panel.form._code.value.replace("&quot;", '"').replace(
        '<span class="jl-s">', ""
    ).replace('<span class="jl-n">', "").replace("</span>", "")
    rows._rows[0].box.children[-1].click()
    assert [item.name for item in panel.form.call.metrics] == ["auc"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("", "1", "has no name"), ("mae", "x", "x is not a number"), ("mae", "inf", "not a finite")],
)
def test_a_metric_that_cannot_be_keeps_the_button_away(open_panel, name, value, words):
    panel = open_panel()
    row = panel.form._metrics._rows[0]
    row.name.value, row.value.value = name, value
    assert panel._save.disabled
    assert words in text(panel)
    assert "1 problem. Nothing was saved." in text(panel)


def test_an_expression_that_fails_is_shown_under_its_field(open_panel, outside):
    panel = open_panel()
    looked = len(outside.looked)
    panel.form._example.value = "nothing.head(2)"
    assert (
        "NameError: name &#x27;nothing&#x27; is not defined" in panel.form._hints["example"].value
    )
    assert panel._save.disabled
    assert len(outside.looked) == looked
    panel.form._example.value = "frame[:1]"
    assert not panel._save.disabled


def test_no_model_and_no_example_say_what_to_name(open_panel):
    panel = open_panel(Proposal())
    assert "No fitted model found in this notebook" in panel.form._hints["model"].value
    assert "Waits for a model and its example" in panel.form._side.value
    panel = open_panel(Proposal(model="model"))
    assert "No rows found that it takes" in panel.form._hints["example"].value
    panel = open_panel(Proposal(model="model", example="frame"))
    assert "It needs a name." in text(panel)
    assert panel._save.disabled


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (ExampleError("The model expects 9 columns, the example has 8."), "example"),
        (StorageFormatError("model.callbacks[0] holds an open file."), "model"),
    ],
)
def test_what_cannot_be_saved_is_said_before_the_click(open_panel, outside, error, field):
    outside.refuses = error
    panel = open_panel()
    assert error.message in panel.form._hints[field].value
    assert "Waits for an example" in panel.form._side.value
    assert panel._save.disabled


def test_a_late_finding_of_an_older_look_is_dropped(open_panel, outside, worker):
    panel = open_panel()
    worker.hold()
    panel.form._example.value = "frame[:1]"
    panel.form._example.value = "frame[:3]"
    outside.refuses = ExampleError("It is asked with one row.")
    old, new = worker.held
    new_refuses, outside.refuses = outside.refuses, None
    new()
    outside.refuses = new_refuses
    old()
    assert "one row" not in panel.form._hints["example"].value


def test_a_save_that_fails_at_the_example_goes_back_to_the_form(open_panel, outside):
    panel = open_panel()
    outside.fails = ExampleError("The stored model answers otherwise.")
    panel._save.click()
    assert panel.stage == "form"
    assert "answers otherwise" in panel.form._hints["example"].value
    assert "was not saved" in panel.announcer.alert
    assert panel.form.call.name == "departure-delay"


def test_a_save_that_fails_elsewhere_keeps_the_steps_before_and_the_form(open_panel, outside):
    panel = open_panel()
    outside.fails = RuntimeError("disk full")
    panel._save.click()
    assert panel.stage == "failed"
    said = text(panel)
    assert "RuntimeError: disk full" in said
    assert "Schema verified" in said
    panel._again.click()
    assert (panel.stage, panel.form.call.name) == ("form", "departure-delay")


def test_cancel_stops_between_two_steps(open_panel, outside, registry):
    panel = open_panel()
    outside.during = panel._stop.click
    panel._save.click()
    assert panel.stage == "form"
    assert registry.count("") == 0
    assert panel.announcer.message.startswith("Stopped")
    outside.during = lambda: None
    panel._save.click()
    assert panel.stage == "saved"
    assert not panel._stop.disabled


def test_an_expression_that_fails_only_at_the_click_is_shown(open_panel, namespace):
    panel = open_panel()
    del namespace["mae"]
    panel._save.click()
    assert panel.stage == "form"
    assert "NameError" in panel.form._hints["example"].value


def test_a_registry_that_is_away_is_said_under_the_name_and_another_can_be_chosen(
    open_panel, registry
):
    class Away:
        is_local = False

        def names(self):
            raise RegistryUnavailableError("https://models.example does not answer.")

    panel = open_panel(
        registries={"https://models.example": ("remote", Away()), "Local registry": ("", registry)}
    )
    assert "does not answer" in panel.form._hints["name"].value
    assert panel._save.disabled
    assert not hidden(panel._instead)
    assert hidden(panel._save)
    panel._registry.value = "Local registry"
    assert not panel._save.disabled
    assert hidden(panel._instead)
    assert panel.form.call.registry == ""


def test_a_registry_that_goes_away_during_a_save_has_the_local_one_in_its_place(
    open_panel, outside, registry, namespace
):
    class Answers:
        is_local = False

        def __getattr__(self, name):
            return getattr(registry, name)

    outside.fails = RegistryUnavailableError("https://models.example does not answer.")
    namespace["remote"] = remote = Answers()
    panel = open_panel(
        registries={"https://models.example": ("remote", remote), "Local registry": ("", registry)}
    )
    assert hidden(panel._instead)
    panel._save.click()
    assert panel.stage == "failed"
    assert not hidden(panel._instead)
    assert registry.count("") == 0
    outside.fails = None
    panel._instead.click()
    assert panel.stage == "saved"
    assert registry.count("") == 1
    assert "registry=" not in panel.form.code


def test_what_nobody_expected_is_shown_too(open_panel, outside):
    outside.refuses = ZeroDivisionError("by zero")
    panel = open_panel()
    assert "ZeroDivisionError: by zero" in panel.form._hints["model"].value


def test_show_opens_in_place_and_closes_again(open_panel):
    panel = open_panel()
    panel.announcer._heard(None, {"value": "show:schema"}, None)
    assert "detail" in panel.form._side.value
    assert 'aria-expanded="true"' in panel.form._side.value
    panel.announcer._heard(None, {"value": "show:schema"}, None)
    assert "jl-detail" not in panel.form._side.value
    panel.announcer._heard(None, "no message of ours", None)


def test_a_file_without_a_kernel_has_the_result_and_the_code(open_panel):
    panel = open_panel()
    bundle = panel._repr_mimebundle_()
    assert "Not saved yet" in bundle["text/html"]
    assert bundle["text/plain"] == panel.form.code
    assert "application/vnd.jupyter.widget-view+json" in bundle
    panel._save.click()
    bundle = panel._repr_mimebundle_()
    assert panel.envelope.short_id in bundle["text/html"]
    assert "mae 13.28" in bundle["text/plain"]
    assert "<button" not in bundle["text/html"]


def test_close_ends_what_it_started(open_panel, worker):
    panel = open_panel()
    panel._close.click()
    assert worker.closed


def test_names_from_data_are_text(open_panel):
    panel = open_panel()
    panel.form._chips.tags = {"<b>": "<script>"}
    panel._save.click()
    assert panel.stage == "saved"
    panel.form._name.value = "<img src=x>"
    assert "<img" not in text(panel)
    assert "<script>" not in text(panel)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("name", "two words", "two-words"), ("tags", {"": "x"}, "key is text")],
)
def test_what_the_registry_would_refuse_is_said_before_the_click(open_panel, field, value, words):
    panel = open_panel()
    if field == "name":
        panel.form._name.value = value
    else:
        panel.form._chips.tags = value
    assert words in panel.form._hints[field].value
    assert panel._save.disabled


def test_what_the_file_keeps_is_renewed_by_a_save(open_panel, monkeypatch):
    published = []

    class Handle:
        def update(self, bundle, *, raw):
            published.append((raw, bundle["text/plain"]))

    def display(bundle, *, raw, display_id):
        published.append((raw, bundle["text/plain"]))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    panel = open_panel()
    panel._ipython_display_()
    panel._save.click()
    (_, before), (raw, after) = published
    assert raw
    assert before == panel.form.code
    assert after.startswith("Saved departure-delay as")


class Computed:
    """Stands where a session does: features with their inputs, all computed."""

    def __init__(self, state="fresh"):
        from types import SimpleNamespace

        from jupyter_lifecycle import FeatureGraph

        def doubled(price):
            return price * 2

        self.graph, self.given = FeatureGraph.from_functions(doubled), {}
        self.reports = lambda: {"doubled": SimpleNamespace(state=state)}


@pytest.fixture
def with_features(namespace):
    import pandas as pd

    namespace["frame"] = pd.DataFrame({"doubled": [2.0, 4.0, 6.0]})
    namespace["session"] = Computed()
    return namespace


def test_features_travel_by_themselves_and_one_click_leaves_them(
    open_panel, outside, with_features
):
    panel = open_panel(features="session")
    assert not hidden(panel.form._choice)
    assert "features=session)" in panel.form.code
    assert outside.looked[-1][1]["features"] is with_features["session"]
    panel.form._takes.value = False
    assert "features=session.graph)" in panel.form.code
    assert "recorded, not computed" in text(panel)
    assert outside.looked[-1][1]["features"] is with_features["session"].graph
    panel.form._example.value = "frame[:1]"  # what somebody chose stays
    assert "features=session.graph)" in panel.form.code
    panel._save.click()
    assert outside.saved[0][1]["features"] is with_features["session"].graph


def test_features_that_would_be_computed_anew_travel_on_demand_only(open_panel, with_features):
    with_features["session"] = Computed("stale")
    panel = open_panel(features="session")
    assert "features=session.graph)" in panel.form.code
    assert "Not by itself: doubled was not computed since it last changed." in text(panel)
    panel.form._takes.value = True
    assert "features=session)" in panel.form.code


def test_a_graph_offers_no_choice(open_panel, with_features):
    panel = open_panel(features="session.graph")
    assert hidden(panel.form._choice)
    assert "features=session.graph)" in panel.form.code
