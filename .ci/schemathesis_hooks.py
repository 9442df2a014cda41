"""What schemathesis can't know: an Idempotency-Key names one request and no other."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Give each request that is meant to succeed a key of its own, if it has one."""
    if case.headers and "Idempotency-Key" in case.headers and case.meta.generation.mode.is_positive:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
