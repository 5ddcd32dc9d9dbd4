"""Every way in which the gateway declines, as one tree.

    Refusal
    ├── CallerRefusal            the request cannot be served as it is: mend it
    │   ├── InvalidRequest           400  the body, or a field of it (code tells which fault)
    │   ├── NotAuthenticated         401  no key, or none that is known
    │   ├── NotFound                 404  the path, the model, the state on a server, the exchange
    │   ├── MethodNotAllowed         405
    │   ├── RequestTimeout           408  the request did not arrive in time
    │   ├── TooLarge                 413, 414, 431
    │   ├── QuotaReached             403  the tenant has as much here as it may
    │   └── ReaderStalled            --   the client stopped reading its reply
    ├── PolicyRefusal            a policy of the operator's says no
    │   ├── ContentBlocked           400  a guard found what the policy blocks
    │   ├── ContentUnreadable        400  a prompt in token ids or embeddings, which no guard can read
    │   └── GuardUnavailable         503  a guard could not decide, and the policy fails closed
    ├── GatewayRefusal           this gateway cannot serve it now: come back
    │   ├── Overloaded               503
    │   ├── JournalUnavailable       503  no record can be kept, and the settings say to do without none
    │   ├── Draining                 503
    │   ├── NotKept                  503  the disk takes no feedback
    │   ├── FilesUnavailable         503  the disk takes or gives no files
    │   └── InternalError            500  a bug of ours
    └── UpstreamRefusal          the model server failed; the gateway did what it may
        ├── UpstreamUnreachable      502
        ├── UpstreamDisconnected     502
        ├── UpstreamMalformed        502
        ├── UpstreamError            502  its own error, where that cannot be passed on
        ├── UpstreamUnauthorized     502  it refused the gateway's key
        └── UpstreamTimeout          504

Each knows its outcome and who failed, whether trying again may help, and what the reader should do.
"""

import msgspec

_encode = msgspec.json.Encoder().encode


class Refusal(Exception):
    """A reply that the gateway makes itself.

    status     HTTP status, where the status line has not been sent yet
    type       OpenAI's family of errors
    code       one word of the documented set
    outcome    refused or failed
    blame      caller, policy, gateway or upstream
    retryable  whether the same request may succeed later
    remedy     what the reader should do, as a sentence
    """

    status = 500
    type = "api_error"
    code = "internal_error"
    outcome = "failed"
    blame = "gateway"
    retryable = False
    remedy = ""
    retry_after_seconds = 0
    closes = False  # the connection cannot be used further

    def __init__(self, message: str, *, code: str = "", param: str | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.event = b""  # upstream's own error event, where a stream that has begun is to end with it
        if code:
            self.code = code
        if status:
            self.status = status

    def document(self) -> dict[str, object]:
        """The body in OpenAI's shape."""
        message = f"{self.message} {self.remedy}".strip()
        return {"error": {"message": message, "type": self.type, "param": self.param, "code": self.code}}

    def body(self) -> bytes:
        return _encode(self.document())

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = [(b"content-type", b"application/json")]
        if self.retry_after_seconds:
            found.append((b"retry-after", str(self.retry_after_seconds).encode()))
        if not self.retryable:
            found.append((b"x-should-retry", b"false"))  # the openai client asks before it tries again
        return found


class CallerRefusal(Refusal):
    status = 400
    type = "invalid_request_error"
    outcome = "refused"
    blame = "caller"


class InvalidRequest(CallerRefusal):
    code = "invalid_request"


class NotAuthenticated(CallerRefusal):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"
    remedy = "Send a key of this gateway as 'Authorization: Bearer ...'."

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [*super().headers(), (b"www-authenticate", b"Bearer")]


class NotFound(CallerRefusal):
    status = 404
    code = "not_found"


class MethodNotAllowed(CallerRefusal):
    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow

    def headers(self) -> list[tuple[bytes, bytes]]:
        return [*super().headers(), (b"allow", self.allow.encode())]


class RequestTimeout(CallerRefusal):
    status = 408
    code = "request_timeout"
    retryable = True
    closes = True


class TooLarge(CallerRefusal):
    status = 413
    code = "request_too_large"
    closes = True


class QuotaReached(CallerRefusal):
    status = 403
    code = "file_quota_reached"
    remedy = "Delete files that are not needed any more, or ask the operator."


class ReaderStalled(CallerRefusal):
    code = "reader_stalled"
    closes = True


class StillInProgress(CallerRefusal):
    status = 409
    code = "idempotency_in_progress"
    retryable = True
    retry_after_seconds = 1
    remedy = "The first request with this Idempotency-Key is still being answered; ask again in a moment."


class KeyReused(CallerRefusal):
    status = 422
    code = "idempotency_key_reused"
    remedy = "An Idempotency-Key belongs to one request; take a new one for another."


class PolicyRefusal(Refusal):
    status = 400
    type = "policy_error"
    outcome = "refused"
    blame = "policy"


class ContentBlocked(PolicyRefusal):
    code = "content_blocked"


class ContentUnreadable(PolicyRefusal):
    code = "content_unreadable"
    remedy = "Send it as text."


class GuardUnavailable(PolicyRefusal):
    status = 503
    code = "guard_unavailable"
    retryable = True
    retry_after_seconds = 1
    remedy = "Try again in a moment; the policy lets nothing pass that was not judged."


class GatewayRefusal(Refusal):
    status = 503
    blame = "gateway"
    retryable = True


class Overloaded(GatewayRefusal):
    type = "overloaded_error"
    code = "overloaded"
    outcome = "refused"
    retry_after_seconds = 1
    remedy = "Try again in a moment."


class JournalUnavailable(GatewayRefusal):
    type = "api_error"
    code = "journal_unavailable"
    outcome = "refused"
    retry_after_seconds = 1
    remedy = "Try again in a moment; the operator has to look at the gateway's disk."


class Draining(GatewayRefusal):
    type = "overloaded_error"
    code = "shutting_down"
    outcome = "failed"
    retry_after_seconds = 1
    remedy = "Try again: another worker or host will answer."
    closes = True


class NotKept(GatewayRefusal):
    code = "feedback_not_kept"
    outcome = "failed"
    retry_after_seconds = 1
    remedy = "Send it again in a moment; nothing is lost with the exchange itself."


class FilesUnavailable(GatewayRefusal):
    code = "files_unavailable"
    outcome = "failed"
    retry_after_seconds = 1
    remedy = "Try again in a moment; the operator has to look at the gateway's disk."


class InternalError(GatewayRefusal):
    status = 500
    code = "internal_error"
    retryable = False
    remedy = "This is a fault of the gateway; its log tells more under the request id."


class UpstreamRefusal(Refusal):
    status = 502
    type = "upstream_error"
    blame = "upstream"
    retryable = True


class UpstreamUnreachable(UpstreamRefusal):
    code = "upstream_unreachable"


class UpstreamDisconnected(UpstreamRefusal):
    code = "upstream_disconnected"


class UpstreamMalformed(UpstreamRefusal):
    code = "upstream_malformed"
    retryable = False


class UpstreamError(UpstreamRefusal):
    code = "upstream_error"


class UpstreamUnauthorized(UpstreamRefusal):
    code = "upstream_unauthorized"
    retryable = False
    remedy = "The operator has to set the version's api_key_env."


class UpstreamTimeout(UpstreamRefusal):
    status = 504
    code = "upstream_timeout"
