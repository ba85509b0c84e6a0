"""`framefleet lambda` without its renders, from outside, at a Lambda on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from framefleet.domain.policies import get_role_policy, get_user_policy
from framefleet.domain.regions import AWS_REGIONS, AWS_REGIONS_BY_DEFAULT
from framefleet.testing.local_lambda import LocalLambdaOptions, ServerError
from tests.services.faults import Answer
from tests.services.faulty_proxy import faulty_proxy
from tests.services.lambda_server import local_lambda
from tests.services.scripted_aws import scripted_aws, xml_answer

COMMAND = Path(sys.executable).parent / "framefleet"
OURS = version("framefleet")
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/framefleet:latest"
SIZES = "mem2048mb-disk2048mb-120sec"
NAME = f"remotion-render-4-0-527-{SIZES}"
OTHER = f"remotion-render-4-0-541-{SIZES}"
HEADER = (
    f"{'Name':70}{'Version':15}{'Disk (MB)':15}{'Memory (MB)':15}Timeout (sec)"  # as the reference
)


def lambda_(*arguments, stdin="", **options):
    """The finished command with `returncode`, `stdout` and `stderr`."""
    done = subprocess.run(
        [COMMAND, "lambda", *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=200, **options,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done


def functions(*arguments, **options):
    return lambda_("functions", *arguments, **options)


def refusal(status: int, kind: str, message: str) -> Answer:
    return Answer(status, json.dumps({"Message": message}).encode(), {"x-amzn-ErrorType": kind})


@pytest.fixture
def server(lambda_server, monkeypatch):
    for name in ("REMOTION_AWS_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRAMEFLEET_LAMBDA_IMAGE", IMAGE)
    return lambda_server


@pytest.fixture
def proxy(server, monkeypatch):
    with faulty_proxy(server.service.url) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", found.endpoint)
        yield found


@pytest.fixture
def two(server):
    """Two functions, for two versions of clients."""
    for name in (NAME, OTHER):
        server.service.create_function(name)
    return server


class TestDeploy:
    def test_a_function_is_deployed_once(self, server):
        done = functions("deploy", "--client-version=4.0.527")
        assert (done.returncode, done.stdout) == (0, f"{NAME}\n")
        assert done.stderr.splitlines() == [
            "Reading options",
            "Region = us-east-1",
            "Memory = 2048MB",
            "Disk size = 2048MB",
            "Timeout = 120sec",
            "Version = 4.0.527",
            f"Code = {IMAGE}",
            "Architecture = arm64",
            "CloudWatch Logging Enabled = true",
            "CloudWatch Retention Period = 14 days",
            "Lambda Insights Enabled = false",
            "Custom Layers = Not specified",
            "Deploying Lambda...",
            f"Deployed as {NAME}",
        ]
        assert server.function(NAME).image_uri == IMAGE

        again = functions("deploy", "--client-version=4.0.527")
        assert (again.returncode, again.stdout) == (0, f"{NAME}\n")
        assert again.stderr.splitlines()[-1] == f"Already exists as {NAME}"

    def test_what_comes_out_is_what_was_asked_for(self, server):
        done = functions("deploy", "-q", "--client-version=4.0.527")
        assert (done.stdout, done.stderr) == (f"{NAME}\n", "")
        told = json.loads(functions("deploy", "--json", "--client-version=4.0.527").stdout)
        assert told == {"functionName": NAME, "alreadyExisted": True}

    def test_every_option_reaches_the_function(self, server, tmp_path):
        archive = tmp_path / "code.zip"
        archive.write_bytes(b"PK")
        layers = [
            f"arn:aws:lambda:us-east-1:123456789012:layer:{name}:1"
            for name in ("chromium", "LambdaInsightsExtension-Arm64")
        ]
        done = functions(
            "deploy", "--memory=3009", "--disk=10240", "--timeout=900", "--architecture=x86_64",
            f"--code-zip={archive}", f"--custom-layer-arns={','.join(layers)}",
            "--enable-lambda-insights", "--custom-role-arn=arn:aws:iam::1:role/mine",
            "--vpc-subnet-ids=subnet-1,subnet-2", "--vpc-security-group-ids=sg-1",
            "--disable-cloudwatch", "--region=us-east-1", "--enable-v5-runtime",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made = server.function(done.stdout.strip())
        assert made.name.endswith("-mem3009mb-disk10240mb-900sec")
        assert (made.layers, made.role) == (layers, "arn:aws:iam::1:role/mine")
        assert made.architectures == ["x86_64"]
        told = done.stderr.splitlines()
        assert told[0] == "Warning: --enable-v5-runtime has no function any more: leave it out."
        for line in (
            f"Code = {archive}",
            "CloudWatch Logging Enabled = false",
            "CloudWatch Retention Period = none",
            "Lambda Insights Enabled = true",
            "Custom Layers = 2",
            "VPC Subnet IDs = subnet-1,subnet-2",
            "VPC Security Group IDs = sg-1",
        ):
            assert line in told

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--memory=1"], "parameter 'memorySizeInMb' must be between 512 and 10240, but got 1"),
            (["--timeout=5"], "parameter 'timeoutInSeconds' must be between 15 and 900, but got 5"),
            (["--retention-period=0"], "CloudWatch retention period must be at least 1, but is 0"),
            (
                ["--runtime-preference=cjk"],
                "runtime_preference (--runtime-preference) is of no use",
            ),
            (["--custom-layer-arns=a"], "custom_layer_arns (--custom-layer-arns) is of no use"),
            (["--region=eu-west-1"], "Lambda takes images of its own region only."),
            (["--region=moon"], '"region" parameter must be one of'),
            (["--memory=much"], "'much' is not a valid integer"),
            (["--log=verbose"], 'The option "--log" is not supported'),
        ],
    )
    def test_what_cannot_be_is_told_before_anything_is_made(self, server, options, says):
        done = functions("deploy", *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr
        assert server.service.functions == {}

    def test_without_an_image_it_is_told_how_to_get_one(self, server, monkeypatch):
        monkeypatch.delenv("FRAMEFLEET_LAMBDA_IMAGE")
        done = functions("deploy", "--json")
        assert done.returncode == 2
        assert "docker/README.md has the commands" in done.stderr
        error = json.loads(done.stdout)["error"]
        assert error["message"] == "There is no image to make a function of."

    def test_a_missing_role_comes_with_what_to_do(self, proxy):
        text = "The role defined for the function cannot be assumed by Lambda."
        answer = refusal(400, "InvalidParameterValueException", text)
        proxy.inject(answer, method="POST", target="/2015-03-31/functions")
        done = functions("deploy")
        assert (done.returncode, done.stdout) == (5, "")
        assert text in done.stderr
        assert "framefleet lambda policies role" in done.stderr


class TestList:
    def test_each_function_has_a_line(self, two):
        done = functions("ls")
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            HEADER,
            f"{NAME:70}{'4.0.527':15}{'2048':15}{'2048':15}120",
            f"{OTHER:70}{'4.0.541':15}{'2048':15}{'2048':15}120",
        ]
        assert done.stderr.splitlines() == [
            "Getting functions...",
            "Getting function info...",
            "2 functions in the us-east-1 region",
        ]

    def test_machines_get_names_or_json(self, two):
        assert functions("ls", "--quiet").stdout == f"{NAME} {OTHER}\n"
        only = functions("ls", "--json", "--compatible-only", "--client-version=4.0.541")
        assert json.loads(only.stdout) == [
            {
                "functionName": OTHER,
                "version": "4.0.541",
                "memorySizeInMb": 2048,
                "timeoutInSeconds": 120,
                "diskSizeInMb": 2048,
            }
        ]
        assert functions("ls", "-q", "--compatible-only").stdout == "()\n"

    def test_one_that_does_not_answer_has_no_version(self, monkeypatch, server):
        options = LocalLambdaOptions(on_invoke=lambda invocation: ServerError())
        with local_lambda(options) as broken:
            broken.service.create_function(NAME)
            monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", broken.service.url)
            done = functions("ls")
            assert done.stdout.splitlines()[1].split() == [NAME, "Error", "2048", "2048", "120"]
            assert functions("rm", NAME, "-y", "-q").stdout == f"{NAME}\n"
            assert broken.service.functions == {}

    def test_there_may_be_none(self, server):
        done = functions("ls", "--region=us-east-1")
        assert done.returncode == 0
        assert done.stdout.split()[:2] == ["Name", "Version"]
        assert len(done.stdout.splitlines()) == 1
        assert done.stderr.endswith("0 functions in the us-east-1 region\n")


class TestDelete:
    def test_functions_are_deleted_when_somebody_says_so(self, two):
        done = functions("rm", NAME, OTHER, stdin="n\nmaybe\n\n")
        assert done.returncode == 0
        asked = (
            f"Function name: {NAME}\nMemory: 2048MB\nTimeout: 120sec\nVersion: 4.0.527\n"
            "Delete? (Y/n) "
        )
        assert asked in done.stderr
        assert f"Left {NAME} as it is.\n" in done.stderr
        assert "Invalid Response. Answer y, yes, n or no.\n" in done.stderr
        assert done.stdout == f"Deleted {OTHER}!\n"
        assert set(two.service.functions) == {NAME}

    @pytest.mark.parametrize("flag", ["--yes", "-y", "--force", "-f"])
    def test_nobody_need_be_asked(self, two, flag):
        done = functions("rm", NAME, flag, "--json")
        assert json.loads(done.stdout) == {"deleted": [NAME]}
        assert "(Y/n)" not in done.stderr
        assert functions("rmall", flag, "-q").stdout == f"{OTHER}\n"
        assert two.service.functions == {}

    def test_what_is_listed_can_be_removed(self, two):
        both = "functions rm -y $({0} lambda functions ls -q)"
        line = f"{COMMAND} lambda {both.format(COMMAND)}"
        first = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=200)
        assert first.returncode == 0, first.stderr
        assert first.stdout == f"Deleted {NAME}!\nDeleted {OTHER}!\n"
        second = functions("rm", "()")
        assert (second.returncode, second.stdout) == (0, "")
        assert second.stderr.endswith("No functions to remove.\n")
        assert json.loads(functions("rm", "()", "--json").stdout) == {"deleted": []}

    def test_without_an_answer_nothing_is_deleted(self, two):
        done = functions("rm", NAME)
        assert done.returncode == 2
        assert "Pass --yes to delete without asking." in done.stderr
        assert len(two.service.functions) == 2

    def test_a_name_that_is_not_there_deletes_none(self, two):
        done = functions("rm", NAME, "remotion-render-x", "-y")
        assert done.returncode == 5
        assert "Function not found: arn:aws:lambda:us-east-1:" in done.stderr
        assert len(two.service.functions) == 2

    def test_an_error_tells_what_was_deleted_before_it(self, two, proxy):
        denied = refusal(403, "AccessDeniedException", "you may not")
        proxy.inject(denied, method="DELETE", target=OTHER)
        done = functions("rmall", "-y", "--json")
        assert done.returncode == 7
        assert json.loads(done.stdout)["error"]["context"]["deleted"] == [NAME]
        assert 'AWS returned an "AccessDenied" error message' in done.stderr
        assert set(two.service.functions) == {OTHER}

    def test_no_name_is_a_mistake(self, two):
        done = functions("rm")
        assert done.returncode == 2
        assert done.stderr.startswith("Error: No function name passed.\n")
        assert "framefleet lambda functions ls lists" in done.stderr


class TestAdvice:
    @pytest.mark.parametrize(
        ("key", "says"),
        [("AKIA123", "the region is not enabled"), ("ASIA123", "temporary keys need")],
    )
    def test_what_is_odd_about_credentials_is_told(self, proxy, monkeypatch, key, says):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        text = "The security token included in the request is invalid."
        proxy.inject(refusal(403, "UnrecognizedClientException", text), times=None)
        done = functions("ls")
        assert done.returncode == 7
        *_, told, error = done.stderr.splitlines()
        assert says in told
        assert error.startswith("Error: Cannot list the functions in us-east-1: ")

    def test_too_many_at_once_may_be_more(self, proxy):
        answer = refusal(400, "TooManyRequestsException", "Rate Exceeded.")
        proxy.inject(answer, times=None)
        done = functions("rm", NAME)
        assert done.returncode == 5
        assert "How many that are: framefleet lambda quotas." in done.stderr


class TestPolicies:
    @pytest.mark.parametrize(
        ("name", "policy"), [("role", get_role_policy), ("user", get_user_policy)]
    )
    def test_they_are_printed_without_credentials(self, name, policy):
        environment = {"PATH": os.environ["PATH"]}
        assert lambda_("policies", name, env=environment).stdout == f"{policy()}\n"
        chinese = lambda_("policies", name, "--region=cn-north-1", "--json", env=environment)
        assert json.loads(chinese.stdout) == json.loads(policy("aws-cn"))
        assert lambda_("policies", name, "--region=moon", env=environment).returncode == 2

    def test_all_is_allowed(self, server):
        done = lambda_("policies", "validate")
        actions = [
            action
            for statement in json.loads(get_user_policy())["Statement"]
            for action in statement["Action"]
        ]
        assert done.returncode == 0
        assert done.stdout.splitlines() == [f"✅ {action}" for action in actions]
        told = json.loads(lambda_("policies", "validate", "--json").stdout)
        assert told["results"][0] == {"decision": "allowed", "name": actions[0]}
        assert lambda_("policies", "validate", "-q").stdout == ""

    def test_what_is_denied_is_marked_and_ends_with_1(self, server, monkeypatch):
        def answer(request):
            members = "".join(
                f"<member><EvalActionName>{name}</EvalActionName><EvalDecision>"
                f"{'implicitDeny' if name == 'iam:PassRole' else 'allowed'}"
                "</EvalDecision></member>"
                for name in request.members("ActionNames")
            )
            results = f"<EvaluationResults>{members}</EvaluationResults>"
            return xml_answer("SimulatePrincipalPolicy", results)

        with scripted_aws(answer) as iam:
            monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", iam.endpoint)
            done = lambda_("policies", "validate", "--quiet")
        assert (done.returncode, done.stdout) == (1, "❌ iam:PassRole\n")
        assert "1 of 36 actions are not allowed." in done.stderr

    def test_that_it_cannot_be_asked_is_told(self, server, monkeypatch):
        with scripted_aws(lambda request: (403, "<ErrorResponse/>")) as sts:
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.endpoint)
            done = lambda_("policies", "validate")
        assert done.returncode == 7
        assert "Did not have the required permissions on AWS:\n" in done.stderr


def test_regions_are_listed():
    assert lambda_("regions").stdout == " ".join(AWS_REGIONS) + "\n"
    assert lambda_("regions", "--default-only").stdout == " ".join(AWS_REGIONS_BY_DEFAULT) + "\n"
    assert json.loads(lambda_("regions", "--json").stdout) == list(AWS_REGIONS)


class Quotas:
    """What AWS answers about concurrency."""

    def __init__(self) -> None:
        self.current = 1000
        self.pending: list[dict[str, object]] = []
        self.refusal: str | None = None
        self.asked: list[float] = []

    def __call__(self, request):
        match request.action:
            case "GetServiceQuota":
                return 200, json.dumps({"Quota": {"Value": self.current}})
            case "GetAWSDefaultServiceQuota":
                return 200, json.dumps({"Quota": {"Value": 1000}})
            case "ListRequestedServiceQuotaChangeHistoryByQuota":
                return 200, json.dumps({"RequestedQuotas": self.pending})
        if self.refusal:
            return 400, json.dumps({"__type": self.refusal, "message": "no"})
        self.asked.append(request.arguments["DesiredValue"])
        wanted = {"DesiredValue": self.asked[-1], "Status": "PENDING"}
        return 200, json.dumps({"RequestedQuota": wanted})


class TestQuotas:
    @pytest.fixture
    def account(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        account = Quotas()
        with scripted_aws(account) as served:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", served.endpoint)
            yield account

    def test_they_are_shown(self, account):
        done = lambda_("quotas", "--region=eu-west-1")
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            "Region = eu-west-1",
            "Concurrency limit: 1000 - Increase recommended!",
            "The maximum amount of Lambda functions which can concurrently execute.",
            "Run `framefleet lambda quotas increase` to ask AWS to increase your limit.",
            "Burst concurrency: 1000",
            "The maximum amount of concurrency increase in 10 seconds.",
        ]
        assert lambda_("quotas", "show", "--region=eu-west-1").stdout == done.stdout
        assert lambda_("quotas", "-q").stdout == "1000\n"
        told = json.loads(lambda_("quotas", "--json", "--region=eu-west-1").stdout)
        assert (told["region"], told["concurrencyLimit"]) == ("eu-west-1", 1000)

    def test_a_request_that_waits_is_shown_and_is_not_made_again(self, account):
        account.pending = [{"DesiredValue": 5000.0, "Status": "PENDING", "CaseId": "7"}]
        url = "https://us-east-1.console.aws.amazon.com/support/home#/case/?displayId=7"
        shown = lambda_("quotas", "--region=us-east-1").stdout
        assert f"A request to increase it to 5000 is pending: {url}\n" in shown
        assert "quotas increase" not in shown
        done = lambda_("quotas", "increase", "-y", "--region=us-east-1")
        assert done.returncode != 0
        assert f"A request to increase it to 5000 is already pending: {url}" in done.stderr
        assert account.asked == []

    def test_more_is_asked_for_when_somebody_says_so(self, account):
        done = lambda_("quotas", "increase", stdin="n\n")
        assert done.returncode == 0
        assert (
            "Sending request to AWS to increase concurrency limit from 1000 to 5000.\n"
            "Send? (Y/n) Nothing was sent.\n"
        ) in done.stderr
        assert lambda_("quotas", "increase").returncode == 2
        assert account.asked == []
        done = lambda_("quotas", "increase", stdin="\n")
        assert done.stdout.startswith("Requested increase successfully. Run ")
        told = json.loads(lambda_("quotas", "increase", "--yes", "--json").stdout)
        assert (told["desiredValue"], told["status"]) == (5000, "PENDING")
        assert account.asked == [5000.0, 5000.0]

    def test_a_limit_that_was_raised_is_raised_by_force_only(self, account):
        account.current = 5000
        done = lambda_("quotas", "increase", "-y", "--json")
        assert done.returncode != 0
        message = json.loads(done.stdout)["error"]["message"]
        assert message == "Current limit of 5000 is already increased over the default (1000)."
        assert lambda_("quotas", "increase", "--force").returncode == 0
        assert account.asked == [10000.0]

    def test_an_account_below_another_is_told_so(self, account):
        account.refusal = "DependencyAccessDeniedException"
        done = lambda_("quotas", "increase", "-y")
        assert done.returncode == 7
        assert (
            "Could not request increase because this is a sub-account of another AWS account."
        ) in done.stderr


class TestGroups:
    @pytest.mark.parametrize(
        ("group", "names"),
        [
            ([], ["functions", "sites", "policies", "regions", "quotas"]),
            (["functions"], ["deploy", "ls", "rm", "rmall"]),
            (["sites"], ["create", "ls", "rm", "rmall"]),
            (["policies"], ["role", "user", "validate"]),
        ],
    )
    def test_alone_they_list_their_commands(self, group, names):
        done = lambda_(*group)
        assert (done.returncode, done.stderr) == (0, "")
        listed = done.stdout.partition("Commands:\n")[2]
        found = [line.split()[0] for line in listed.splitlines()]
        assert [name for name in found if name in names] == names

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["functions", "list"], "Subcommand list not found."),
            (["policies", "admin"], "Subcommand admin not found."),
            (["quotas", "decrease"], "Subcommand decrease not found."),
            (["sites", "deploy"], "Subcommand deploy not found."),
            (["fly"], "Command fly not found."),
            (["ls"], 'The "ls" command does not exist. Did you mean "functions ls" or "sites ls"?'),
            (["deploy"], "is now called: framefleet lambda functions deploy."),
            (["upload"], "is now called: framefleet lambda sites create."),
        ],
    )
    def test_other_commands_are_not_found(self, arguments, says):
        done = lambda_(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr

    def test_help_is_help(self):
        assert "increase" in lambda_("quotas", "--help").stdout
        assert "--force" in lambda_("quotas", "increase", "--help").stdout


def test_sites_are_those_of_framefleet_sites(radosgw, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", radosgw.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    (tmp_path / "index.html").write_text("<h1>one</h1>")
    there = "--region=eu-west-1"
    done = lambda_("sites", "create", tmp_path, "--site-name=a", there)
    assert done.returncode == 0, done.stderr
    assert "remotionlambda-euwest1-" in done.stdout
    assert lambda_("sites", "ls", "-q", there).stdout == "a\n"
    assert lambda_("sites", "rm", "a", "-y", there).stdout == "Deleted site a and freed up 12 B.\n"
    assert "No sites to remove." in lambda_("sites", "rmall", "-f", there).stderr
    done = lambda_("sites", "create", tmp_path, "--config=a.ts")
    assert 'The option "--config" is not supported: the project' in done.stderr
