"""Webhooks: bodies, headers, and who has signed them."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from framefleet.errors import OptionError, OptionTypeError
from framefleet.wire.webhooks import (
    ReportedError,
    Webhook,
    WebhookRender,
    check_custom_data,
    error_body,
    sign,
    success_body,
    timeout_body,
    validate_standard_webhook,
    validate_webhook_signature,
    webhook_headers,
)

SECRET = "ein Geheimnis mit ä"
RENDER = WebhookRender(
    render_id="abcdefghij",
    bucket_name="remotionlambda-useast1-a1b2c3d4e5",
    expected_bucket_owner="123456789012",
)
PLAIN = Webhook(url="https://example.org/hook", secret=SECRET)
COSTS = {
    "estimatedCost": 0.001,
    "estimatedDisplayCost": "<$0.001",
    "currency": "USD",
    "disclaimer": "Estimated.",
    "of ours": 1,
}
PARSED = {"type": "success", "customData": {"ä": 1.5, "b": None}}
TEXT = '{"type":"success","customData":{"ä":1.5,"b":null}}'
ENTRY = {"type": "renderer", "message": "slow", "isFatal": False}


class TestBodies:
    def test_success(self):
        webhook = Webhook(url="https://example.org", secret=None, custom_data={"b": 1.0, "ä": None})
        body = success_body(
            webhook,
            RENDER,
            output_url="https://s3/out.mp4",
            time_to_finish=1234.0,
            costs=COSTS,
            lambda_errors=[ENTRY],
        )
        assert body.decode() == (
            '{"type":"success","renderId":"abcdefghij","expectedBucketOwner":"123456789012",'
            '"bucketName":"remotionlambda-useast1-a1b2c3d4e5","customData":{"b":1,"ä":null},'
            '"lambdaErrors":[{"type":"renderer","message":"slow","isFatal":false}],'
            '"outputUrl":"https://s3/out.mp4","outputFile":"https://s3/out.mp4",'
            '"timeToFinish":1234,"costs":{"estimatedCost":0.001,'
            '"estimatedDisplayCost":"<$0.001","currency":"USD","disclaimer":"Estimated."}}'
        )

    def test_error(self):
        errors = [ReportedError(message="Boom", name="TypeError", stack="TypeError: Boom\n at x")]
        assert error_body(PLAIN, RENDER, errors=errors).decode() == (
            '{"type":"error","renderId":"abcdefghij","expectedBucketOwner":"123456789012",'
            '"bucketName":"remotionlambda-useast1-a1b2c3d4e5","customData":null,'
            '"errors":[{"message":"Boom","name":"TypeError","stack":"TypeError: Boom\\n at x"}]}'
        )

    def test_timeout(self):
        assert timeout_body(PLAIN, RENDER).decode() == (
            '{"type":"timeout","renderId":"abcdefghij","expectedBucketOwner":"123456789012",'
            '"bucketName":"remotionlambda-useast1-a1b2c3d4e5","customData":null}'
        )


class TestCustomData:
    @pytest.mark.parametrize(
        "text", ["x" * 1016, "é" * 1016, "😀" * 508], ids=["ascii", "two bytes", "surrogates"]
    )
    def test_1024_characters_are_allowed(self, text):
        check_custom_data({"a": text})
        with pytest.raises(OptionError) as caught:
            check_custom_data({"a": f"{text}x"})
        assert str(caught.value) == (
            'Webhook "customData" must be less than 1024 bytes. Current size: 1025 bytes.'
        )

    def test_none_is_fine(self):
        check_custom_data(None)

    def test_what_is_not_json_is_of_the_wrong_kind(self):
        with pytest.raises(OptionTypeError, match='"customData" must be JSON'):
            check_custom_data({"a": b"bytes"})


class TestHeaders:
    def test_all_of_a_signed_one(self):
        body = '{"ä":1}'.encode()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
        headers = webhook_headers(
            body, secret=SECRET, status="error", message_id="msg_1", timestamp=1700000000
        )
        assert headers == {
            "Content-Type": "application/json",
            "Content-Length": "8",
            "X-Remotion-Mode": "production",
            "X-Remotion-Signature": f"sha512={digest}",
            "X-Remotion-Status": "error",
            "webhook-id": "msg_1",
            "webhook-timestamp": "1700000000",
            "webhook-signature": headers["webhook-signature"],
        }
        assert headers["webhook-signature"].startswith("v1,")

    @pytest.mark.parametrize("secret", [None, ""])
    def test_without_a_secret_there_is_no_signature(self, secret):
        headers = webhook_headers(
            b"{}", secret=secret, status="success", mode="demo", message_id="m", timestamp=1
        )
        assert headers["X-Remotion-Signature"] == "NO_SECRET_PROVIDED"
        assert headers["X-Remotion-Mode"] == "demo"
        assert "webhook-signature" not in headers

    def test_the_example_of_standard_webhooks(self):
        headers = webhook_headers(
            b'{"test": 2432232314}',
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            status="success",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
        )
        expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        assert headers["webhook-signature"] == expected

    @pytest.mark.parametrize(
        ("secret", "same"),
        [("plain", "whsec_cGxhaW4="), ("whsec_no base64!", "whsec_d2hzZWNfbm8gYmFzZTY0IQ==")],
    )
    def test_other_secrets_are_their_bytes(self, secret, same):
        first, second = (
            webhook_headers(b"{}", secret=given, status="success", message_id="m", timestamp=1)
            for given in (secret, same)
        )
        assert first["webhook-signature"] == second["webhook-signature"]


class TestReferenceSignature:
    @pytest.mark.parametrize(
        "body", [PARSED, TEXT, TEXT.encode(), bytearray(TEXT.encode()), memoryview(TEXT.encode())]
    )
    def test_every_form_of_a_body_is_checked(self, body):
        signature = sign(TEXT.encode(), SECRET)
        validate_webhook_signature(secret=SECRET, body=body, signature_header=signature)

    @pytest.mark.parametrize("body", [TEXT + " ", {**PARSED, "more": 1}, b"{}", [], "\ud800", 0])
    def test_another_body_has_another(self, body):
        signature = sign(TEXT.encode(), SECRET)
        with pytest.raises(OptionError, match=r"^Signatures do not match$"):
            validate_webhook_signature(secret=SECRET, body=body, signature_header=signature)

    @pytest.mark.parametrize("signature", ["sha512=", "x", "ä", "\ud800", "sha512=" + "0" * 128])
    def test_another_signature_does_not_match(self, signature):
        with pytest.raises(OptionError, match=r"^Signatures do not match$"):
            validate_webhook_signature(secret=SECRET, body=TEXT, signature_header=signature)

    @pytest.mark.parametrize("signature", [None, "", "NO_SECRET_PROVIDED"])
    def test_no_signature_is_said_to_be_none(self, signature):
        with pytest.raises(OptionError, match=r"^No webhook signature was provided$"):
            validate_webhook_signature(secret=SECRET, body=TEXT, signature_header=signature)

    @pytest.mark.parametrize(
        ("secret", "body", "missing"),
        [("", PARSED, "secret"), ("s", None, "body"), ("s", "", "body"), ("s", b"", "body")],
    )
    def test_what_is_missing_is_named(self, secret, body, missing):
        with pytest.raises(OptionTypeError) as caught:
            validate_webhook_signature(secret=secret, body=body, signature_header="sha512=0")
        assert str(caught.value) == f"No '{missing}' was provided to validateWebhookSignature()."


class TestStandardSignature:
    BODY = b'{"type":"success"}'

    def headers(self, **changed: str) -> dict[str, str]:
        made = webhook_headers(
            self.BODY, secret=SECRET, status="success", message_id="msg_1", timestamp=1000
        )
        return {**made, **changed}

    def validate(self, headers, *, now_s=1000.0, body: bytes | str = BODY, secret=SECRET) -> str:
        return validate_standard_webhook(secret=secret, body=body, headers=headers, now_s=now_s)

    @pytest.mark.parametrize("now_s", [700, 1000, 1300.0])
    @pytest.mark.parametrize("body", [BODY, BODY.decode()])
    def test_its_id_is_returned(self, now_s, body):
        assert self.validate(self.headers(), now_s=now_s, body=body) == "msg_1"

    def test_case_of_names_and_other_signatures_do_not_matter(self):
        right = self.headers()["webhook-signature"]
        headers = self.headers(**{"webhook-signature": f"v1,AAAA {right} v2,x"})
        assert self.validate({name.title(): value for name, value in headers.items()}) == "msg_1"

    @pytest.mark.parametrize(("now_s", "age"), [(1300.5, "old"), (699.5, "new")])
    def test_a_replay_is_refused(self, now_s, age):
        with pytest.raises(OptionError, match=f"timestamp is too {age}"):
            self.validate(self.headers(), now_s=now_s)

    @pytest.mark.parametrize(
        "changed",
        [
            {"webhook-id": "msg_2"},
            {"webhook-timestamp": "1001"},
            {"webhook-timestamp": "soon"},
            {"webhook-signature": "v1,AAAA"},
            {"webhook-signature": "ä \ud800"},
        ],
    )
    def test_whoever_changes_a_header_has_no_signature_of_it(self, changed):
        with pytest.raises(OptionError, match=r"^Signatures do not match$"):
            self.validate(self.headers(**changed))

    def test_neither_has_who_changes_the_body(self):
        with pytest.raises(OptionError, match=r"^Signatures do not match$"):
            self.validate(self.headers(), body=b'{"type":"error"}')

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_each_header_is_needed(self, name):
        headers = self.headers()
        del headers[name]
        with pytest.raises(OptionError, match=r"^No webhook signature was provided$"):
            self.validate(headers)

    def test_a_signed_time_must_be_a_number(self):
        # Only the sender can sign such a time; it must not be taken for one.
        headers = webhook_headers(
            self.BODY, secret=SECRET, status="success", message_id="m", timestamp=-5
        )
        with pytest.raises(OptionError, match="no number of seconds"):
            self.validate(headers, now_s=0)

    def test_a_parsed_body_is_of_the_wrong_kind(self):
        parsed = json.loads(self.BODY)
        with pytest.raises(OptionTypeError, match="what came"):
            self.validate(self.headers(), body=parsed)

    def test_what_is_missing_is_named(self):
        with pytest.raises(OptionTypeError, match="No 'secret' was provided"):
            self.validate(self.headers(), secret="")


def test_secrets_are_not_shown():
    assert SECRET not in repr(PLAIN)
