"""A small model, two of its decisions and the tables behind them, written by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from features.catalogue import CATALOGUE
from features.tables import TABLES
from modelling.compare import Scores, compare
from modelling.describe_features import describe
from modelling.evaluation import evaluate
from modelling.routing_evaluation import Cases, compare_rules
from modelling.routing_records import Change, Gains, RoutingEvaluation
from pipelines.decisions import decisions_frame
from reports.case import case_report
from reports.case_call import Review
from reports.catalogue import CatalogueOrigin, catalogue_report
from reports.comparison import comparison_report
from reports.known import known_facts
from reports.model import model_report
from reports.model_inputs import Driver
from reports.page import (
    Bullets,
    Callout,
    Code,
    Facts,
    Field,
    Form,
    Link,
    Mark,
    Page,
    Prose,
    Section,
    Strong,
    Table,
)
from reports.policy import policy_report
from reports.policy_volumes import volumes
from reports.provenance import Origin
from review.answers import Answer
from scoring.decision import Contribution, Decision, Reason, Trigger
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    Gate,
    ModelSpec,
    Policy,
    Provenance,
    Question,
    ReasonText,
    Tier,
)

APPLIED_AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


def feature(name, group, **more):
    return FeatureSpec(
        **{
            "name": name,
            "kind": "number",
            "source": "bureau",
            "direction": 1,
            "reason_group": group,
            "null_means": "never reported",
            "en": f"what {name} counts",
            "zh": "近期机构查询次数",
        }
        | more
    )


@pytest.fixture(scope="session")
def spec():
    return ModelSpec(
        name="bamboo-small",
        version="7",
        features=(
            feature("inquiries_count_90d", "multi_lender", unit="inquiries"),
            feature("loans_open_count", "multi_lender"),
            feature(
                "application_declared_income", "income", source="declared", direction=-1, question="declared_income"
            ),
            feature("application_channel", "personal", kind="category", direction=0, vocabulary=("agent", "search")),
            feature("identity_failed", "identity", kind="flag", source="identity"),
        ),
        reasons=(
            ReasonText(
                id="multi_lender", en="Loans and inquiries with many lenders", zh="短期内在多家机构借款或被查询"
            ),
            ReasonText(id="income", en="Income in relation to the loan", zh="收入与所申请贷款不匹配"),
            ReasonText(id="personal", en="Age, education, housing or region", zh="年龄、学历、住房或地区情况"),
            ReasonText(id="identity", en="Result of the identity check", zh="身份核验结果"),
        ),
        questions=(
            Question(
                id="declared_income",
                answer="money",
                unit="yuan a month",
                en="What did your employer pay last month?",
                zh="上个月单位实际打到您卡里的税后工资是多少?",
                check_en="the stated income",
                check_zh="与填报收入核对",
            ),
        ),
        calibration=Calibration(slope=1.02, intercept=-0.05),
        tiers=tuple(
            Tier(name=name, upper_pd=upper, development_pd=upper / 2, share=0.2)
            for name, upper in zip("ABCDE", (0.03, 0.06, 0.10, 0.18, 1.0), strict=True)
        ),
        policy=Policy(
            approved_tiers=("A", "B", "C"), economics=Economics(amount_feature=None), call_value_threshold=22.0
        ),
        provenance=Provenance(
            created_at="2024-06-01T00:00:00+00:00",
            code_version="0.1.0+abc1234",
            bad_definition="60+ days past due within 180 days of disbursement",
            data={"applications": "ab" * 32, "loans": "cd" * 32},
            packages={"lightgbm": "4.7.0", "numpy": "2.4.1"},
            seeds={"trees": 7},
            mlflow_run="f" * 32,
            development="4,000 labelled cases of 2023",
        ),
    )


@pytest.fixture(scope="session")
def decision():
    contributions = (
        Contribution(feature="inquiries_count_90d", value=9, points=-14.123456789, points_lost=16.5),
        Contribution(feature="loans_open_count", value=None, points=2.25, points_lost=-1.0),
        Contribution(feature="application_declared_income", value=18000.0, points=11.0625, points_lost=-8.0),
        Contribution(feature="application_channel", value="agent", points=-6.03125, points_lost=7.0),
        Contribution(feature="identity_failed", value=False, points=1.5, points_lost=0.0),
    )
    points = 581.0 + sum(c.points for c in contributions)
    return Decision(
        case_id="a-17",
        bundle="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        margin=-2.3,
        pd=0.0871,
        points=points,
        tier="C",
        provisional="approve",
        outcome="phone_review",
        routed_by="call_value",
        start_points=581.0,
        contributions=contributions,
        reasons=(
            Reason(
                group="multi_lender",
                points_lost=15.5,
                features=("inquiries_count_90d",),
                en="Loans and inquiries with many lenders",
                zh="短期内在多家机构借款或被查询",
            ),
        ),
        triggers=(
            Trigger(
                id="hinges_on_unverified",
                kind="trigger",
                evidence={"points": points, "without": 562.5, "facts": "declared_income"},
                en="The decision hinges on facts that nobody has checked",
                zh="审批结论取决于尚未核实的填报信息",
            ),
        ),
        questions=("declared_income",),
        call_value=41.7,
        control=False,
        thin_file=False,
        unseen=(),
    )


@pytest.fixture(scope="session")
def decision_after(decision):
    contributions = tuple(
        replace(c, value=9000.0, points=-9.0, points_lost=12.0) if c.feature == "application_declared_income" else c
        for c in decision.contributions
    )
    points = 581.0 + sum(c.points for c in contributions)
    return replace(
        decision,
        points=points,
        pd=0.151,
        tier="D",
        provisional="decline",
        outcome="decline",
        routed_by="tier",
        contributions=contributions,
        triggers=(),
    )


def _row(table, **values):
    return {column.name: values.get(column.name) for column in TABLES[table].columns}


def frame(table, *rows):
    return pl.DataFrame([_row(table, **row) for row in rows], schema=TABLES[table].schema)


def days(number):
    return APPLIED_AT + timedelta(days=number)


@pytest.fixture(scope="session")
def tables():
    """One applicant with a past, a future, and a neighbour."""
    seen = {"applicant_id": "p-1", "lender_id": "l-9", "lender_type": "small_loan"}
    return {
        "applications": frame(
            "applications",
            {
                "application_id": "a-17",
                "applicant_id": "p-1",
                "applied_at": APPLIED_AT,
                "product": "cash_small",
                "amount": 5000.0,
                "term_months": 6,
                "channel": "agent",
                "phone_hash": "h-phone",
                "declared_income": 18000.0,
                "gender": "female",
            },
            {"application_id": "a-18", "applicant_id": "p-2", "applied_at": APPLIED_AT, "amount": 900.0},
        ),
        "bureau_inquiries": frame(
            "bureau_inquiries",
            {"inquiry_id": "i-past", "happened_at": days(-9), "known_at": days(-8), "purpose": "loan_approval", **seen},
            {"inquiry_id": "i-same", "happened_at": days(-1), "known_at": days(0), "purpose": "loan_approval", **seen},
            {"inquiry_id": "i-late", "happened_at": days(-2), "known_at": days(3), "purpose": "loan_approval", **seen},
            {
                "inquiry_id": "i-other",
                "happened_at": days(-9),
                "known_at": days(-8),
                "purpose": "post_loan",
                **seen,
                "applicant_id": "p-2",
            },
        ),
        "loans": frame(
            "loans",
            {
                "loan_id": "n-1",
                "happened_at": days(-90),
                "known_at": days(-80),
                "amount": 3000.0,
                "term_months": 3,
                "amount_repayable": 3300.0,
                "status_known_at": days(5),
                "closed_at": days(-1),
                "status": "charged_off",
                **seen,
            },
        ),
        "watchlist": frame(
            "watchlist",
            {
                "entry_id": "w-mine",
                "happened_at": days(-50),
                "known_at": days(-40),
                "key_type": "phone",
                "key_hash": "h-phone",
                "source": "industry",
                "reason": "default",
            },
            {
                "entry_id": "w-other",
                "happened_at": days(-50),
                "known_at": days(-40),
                "key_type": "device",
                "key_hash": "h-phone",
                "source": "industry",
                "reason": "default",
            },
        ),
        "calls": frame("calls"),
        "outcomes": frame("outcomes", {"application_id": "a-17", "decided_at": days(1), "decision": "approved"}),
        "truth": frame("truth", {"application_id": "a-17", "would_be_bad": True, "fraud_ring": "ring-of-truth"}),
    }


def cases(rows=2400, *, timed=True):
    """A dataset's frame in which ``burden`` drives a known default probability, and the margins of a fair model."""
    random = np.random.default_rng(11)
    burden, noise = random.normal(size=rows), random.normal(size=rows)
    truth = 1 / (1 + np.exp(2.0 - 1.1 * burden))
    status = np.where(random.random(rows) < truth, "bad", "good").astype(object)
    status[random.random(rows) < 0.25] = "unknown"
    status[random.random(rows) < 0.03] = "pending"
    months = np.sort(random.integers(0, 12, rows))
    known = np.isin(status, ["good", "bad"])
    split = np.select([months < 6, months < 8], ["development", "calibration"], "out_of_time").astype(object)
    split[~known] = None
    frame = pl.DataFrame(
        {
            "case_id": [f"c-{place}" for place in range(rows)],
            "applicant_id": [f"p-{place}" for place in random.integers(0, rows // 2, rows)],
            "time": [datetime(2023, int(month) + 1, 15, tzinfo=UTC) for month in months] if timed else [None] * rows,
            "label_status": status.tolist(),
            "label": pl.Series([{"bad": 1, "good": 0}.get(one) for one in status], dtype=pl.Int8),
            "split": split.tolist(),
            "inquiries_count_90d": np.where(random.random(rows) < 0.1, np.nan, burden),
            "loans_open_count": noise,
            "application_declared_income": random.lognormal(9, 0.4, rows),
            "application_channel": random.choice(["agent", "search"], rows).tolist(),
            "identity_failed": random.random(rows) < 0.05,
            "protected_gender": random.choice(["female", "male"], rows).tolist(),
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "split": pl.String},
    ).with_columns(pl.col("inquiries_count_90d").fill_nan(None))
    return frame, 1.05 * burden + 0.1 * noise - 2.0


def evaluation_of(spec, *, timed=True):
    frame, margin = cases(timed=timed)
    return evaluate(
        frame,
        margin,
        model="lightgbm",
        features=spec.features,
        calibration=spec.calibration,
        tiers=spec.tiers,
        bad_definition=spec.provenance.bad_definition,
        approved_tiers=spec.policy.approved_tiers,
        resamples=120,
    )


@pytest.fixture(scope="session")
def evaluation(spec):
    return evaluation_of(spec)


@pytest.fixture(scope="session")
def evaluation_without_time(spec):
    return evaluation_of(spec, timed=False)


class Parsed(HTMLParser):
    """A page taken apart: tags with their attributes, the open tags of every text, and ids."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.unclosed, self.wrong = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in {"meta", "input", "img", "br"}:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.unclosed or self.unclosed.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, text):
        self.texts.append((tuple(self.unclosed), text))

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]

    def text(self):
        return "".join(text for tags, text in self.texts if "style" not in tags)


@pytest.fixture(scope="session")
def parse():
    return Parsed


@pytest.fixture(scope="session")
def comparison(spec):
    frame, margin = cases()
    worse = margin + np.random.default_rng(3).normal(0, 0.8, len(margin))
    return compare(
        frame,
        Scores(name="scorecard", margin=worse, calibration=spec.calibration),
        Scores(name="lightgbm", margin=margin, calibration=spec.calibration),
        resamples=120,
    )


@pytest.fixture(scope="session")
def decisions(decision):
    """Six hundred cases over all tiers, some called, some with triggers."""
    random = np.random.default_rng(5)
    triggers = [
        Trigger(id=name, kind=kind, evidence={"points": 1.5}, en="words", zh="文字")
        for name, kind in (("under_age", "hard_rule"), ("conflict", "trigger"), ("network_alert", "trigger"))
    ]
    made = []
    for place in range(600):
        tier, value = "ABCDE"[place % 5], float(random.normal(5, 20))
        provisional = "approve" if tier in "ABC" else "decline"
        made.append(
            replace(
                decision,
                case_id=f"c-{place}",
                tier=tier,
                provisional=provisional,
                outcome="phone_review" if value > 22 else provisional,
                routed_by="call_value" if value > 22 else "tier",
                call_value=value,
                control=bool(random.random() < 0.02),
                triggers=tuple(trigger for trigger in triggers if random.random() < 0.2),
            )
        )
    return made


@pytest.fixture(scope="session")
def routing(decisions):
    random = np.random.default_rng(6)
    ids = [one.case_id for one in decisions]
    gain = np.where(random.random(len(ids)) < 0.2, random.normal(200, 300, len(ids)), 0.0)
    scores = {"bamboo": gain + random.normal(0, 60, len(ids)), "riskiest_approved": random.normal(size=len(ids))}
    compared = compare_rules(
        Cases(case_ids=ids, applicants=ids, gain=gain), scores, capacity_share=0.1, call_cost=15, seed=1, replicates=100
    )

    def gains(name, cases, added):
        return Gains(
            name=name,
            cases=cases,
            changed=cases // 5,
            added_per_100=added,
            standard_error=200.0,
            expected_per_100=900.0,
        )

    return RoutingEvaluation(
        bundle="9f" * 32,
        first="2024-03-01T00:00:00+00:00",
        last="2024-05-31T00:00:00+00:00",
        cases=600,
        outcomes={"approve": 300, "decline": 200, "phone_review": 100},
        routed_by={"tier": 500, "call_value": 100},
        triggers={"conflict": 90},
        learned=True,
        threshold=22.0,
        capacity_share=0.1,
        reached=0.8,
        finds=0.85,
        comparison=compared,
        comparison_expected=compared,
        control=gains("control", 20, 150.0),
        control_above=gains("control_above", 5, 1500.0),
        control_below=replace(gains("control_below", 1, 10.0), standard_error=None),
        called=gains("called", 60, 1400.0),
        by_value=tuple(gains(f"tenth_{place}", 60, 1500.0 - 250 * place) for place in range(1, 6)),
        by_trigger=(gains("conflict", 90, 800.0), replace(gains("unfamiliar", 0, 0.0), added_per_100=None)),
        changes=(Change(before="approve", after="decline", good=7, bad=11, gain=12_345.0),),
        seed=3,
    )


MADE_AT = datetime(2024, 6, 2, tzinfo=UTC)
GATES = (Gate(name="calibration", passed=False, found="p 0.001", needed="p 0.01", why="PDs price loans"),)


@pytest.fixture(scope="session")
def case_page(spec, decision, decision_after, tables):
    answer = Answer(application_id="a-17", question="declared_income", status="answered", value=9000.0)
    review = Review(answers=(answer,), after=decision_after)
    return case_report(decision, spec, known_facts(tables, "a-17"), review=review, made_at=MADE_AT)


@pytest.fixture(scope="session")
def model_page(spec, evaluation):
    drivers = tuple(Driver(feature=one.name, mean_points=9.0 / at) for at, one in enumerate(spec.features, start=1))
    origin = Origin.of_bundle(spec, "9f" * 32)
    return model_report(evaluation, origin, found=drivers, gates_found=GATES, notices=("a",), made_at=MADE_AT)


@pytest.fixture(scope="session")
def policy_page(spec, decisions, routing):
    return policy_report(volumes(decisions_frame(decisions)), spec, routing=routing, capacity=60, made_at=MADE_AT)


@pytest.fixture(scope="session")
def pages(spec, case_page, model_page, policy_page, request):
    """Every page of the reports by name, and one that holds every kind of block."""
    origin = Origin.of_bundle(spec, "9f" * 32)
    comparison = request.getfixturevalue("comparison")
    return {
        "case": case_page,
        "model": model_page,
        "flat_model": model_report(request.getfixturevalue("evaluation_without_time"), origin, made_at=MADE_AT),
        "comparison": comparison_report(comparison, gates_found=GATES, made_at=MADE_AT),
        "policy": policy_page,
        "catalogue": request.getfixturevalue("catalogue_of")(),
        "blocks": blocks_page(),
    }


MEASURED = (
    "application_channel",
    "application_declared_income",
    "application_declared_income_round",
    "inquiries_count_90d",
    "loans_amount_sum_90d",
    "network_device_applicants",
)


def feature_table(rows=2400):
    """Eight months of features and labels: risk falls with income, one feature knows the end, and one is empty."""
    random = np.random.default_rng(17)
    income = random.lognormal(9, 0.5, rows)
    bad = random.random(rows) < 1 / (1 + (income / 3000) ** 1.5)
    frame = pl.DataFrame(
        {
            "application_id": [f"a-{place}" for place in range(rows)],
            "applied_at": [APPLIED_AT + timedelta(days=place / 10) for place in range(rows)],
            "application_channel": random.choice(["agent", "<b>x</b>\u202e", "搜索"], rows).tolist(),
            "application_declared_income": income * np.linspace(1, 2, rows),
            "application_declared_income_round": (random.random(rows) < 0.2).tolist(),
            "inquiries_count_90d": np.where(random.random(rows) < 0.1, np.nan, 5 - bad * 5.0),
            "loans_amount_sum_90d": pl.Series([None] * rows, dtype=pl.Float64),
            "network_device_applicants": [0.0] * rows,
            "of_nobody": [1.0] * rows,
        }
    )
    return frame, frame.select("application_id", label=pl.Series(bad).cast(pl.Int8))


@pytest.fixture(scope="session")
def feature_rows():
    return feature_table()


@pytest.fixture(scope="session")
def catalogue_of():
    """Make the page of a few features, with labels or without."""

    def make(*, labelled=True, rows=2400):
        frame, labels = feature_table(rows)
        origin = CatalogueOrigin(
            name="a small lender",
            table_sha256="ab" * 32,
            bad_definition="60+ days past due" if labelled else "",
            absent={"loans": ("loans_amount_sum_90d",)},
            undeclared=("of_nobody",),
            currency="koruna",
        )
        features = [CATALOGUE[name] for name in MEASURED]
        found = describe(frame, features, labels=labels if labelled else None)
        return catalogue_report(CATALOGUE.groups, found, origin, made_at=MADE_AT)

    return make


def blocks_page():
    return Page(
        title="Every block",
        lead=("Lead with ", Strong("weight"), " and 中文。"),
        facts=Facts((("A", "1", "note"), ("B", Mark("fine", "good"))), tiles=True),
        sections=(
            Section(
                "First",
                (
                    Prose("Words.", ("More ", Code("code"), " and ", Link("a link", "#second"))),
                    Bullets(("one", "two")),
                    Facts((("Name", "value"),)),
                    Table(
                        ("Name", "Count"), tuple((f"row {n}", str(n)) for n in range(60)), "A long table", note="Note."
                    ),
                    Callout("warning", "Careful.", "Mind."),
                    Section("Inner", (Section("Innermost", (Prose("Deep."),)),)),
                ),
            ),
            Section(
                "Second",
                (
                    Form(
                        (
                            Field(name="income", label="Income?", label_zh="收入?", kind="number", unit="yuan a month"),
                            Field(name="end", label="End", kind="choice", choices=(("yes", "reached"), ("no", "not"))),
                            Field(name="notes", label="Notes", kind="long"),
                        )
                    ),
                ),
                new_page=True,
            ),
        ),
        footer=("Foot.",),
    )
