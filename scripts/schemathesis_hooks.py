"""What no schema can say of the API's requests, said to schemathesis.

Only requests that are meant to be accepted are touched; those that are meant to be
refused are sent as they are.
"""

import os
import re

import schemathesis
from schemathesis import GenerationMode

# What a cursor of ours looks like: base64url of 37 bytes.
CURSOR = re.compile(r"[A-Za-z0-9_-]{50}")

# What must outlive the run: the customer whom the examples name, and the key that is used,
# whose number within the shop stands in it.
CUSTOMER = 123
OWN_KEY = int(os.environ["HEXDESK_API_KEY"].split("_")[1].split("-")[1])
NOBODY = "9007199254740991"

ENTITY_TAG = re.compile(r'\*|(?:W/)?"[!#-~]*"')


@schemathesis.hook
def map_case(context, case):
    keep(case)
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return case
    query = case.query
    if isinstance(query, dict):
        # A cursor carries a checksum: only one that the server gave is good, and for its own
        # list only. Those that are taken from answers are the events'.
        is_good = case.path == "/api/v1/events" and CURSOR.fullmatch(str(query.get("cursor")))
        if "cursor" in query and not is_good:
            del query["cursor"]
        # A thread is one customer's, and OpenAPI cannot say that one parameter needs another.
        if "threadId" in query:
            query.setdefault("customerId", "123")
        # A search needs words, and not too many.
        if "q" in query:
            words = re.findall(r"[A-Za-z0-9]+", str(query["q"]))
            query["q"] = " ".join(words[:8]) or "ada"
    # A time in the future is no format of its own.
    if isinstance(case.body, dict) and isinstance(case.body.get("expiresAt"), str):
        case.body["expiresAt"] = "9000-01-01T00:00:00Z"
    # One of the two has to be left, and which of them the customer has no schema knows.
    if case.method == "PATCH" and case.path == "/api/v1/customers/{customerId}" and isinstance(case.body, dict):
        for name in ("email", "phone_number"):
            if name in case.body and case.body[name] is None:
                del case.body[name]
    tag = case.headers.get("If-Match") if case.headers else None
    # A made-up tag is no ticket's version: most of them become `*`, so that something is
    # changed. And schemathesis, which has a notion of its own of what this header holds, takes
    # the 0 that it tries as a value of the wrong type for a good one.
    if tag is not None and (len(tag) % 4 > 0 or not ENTITY_TAG.fullmatch(tag)):
        case.headers["If-Match"] = "*"
    # To JSON Schema 1.0 is an integer; the API's numbers are written without fraction.
    case.body = whole(case.body)
    return case


def keep(case):
    """Turns a request away that would take from the run what it lives on."""
    path = case.path_parameters
    if not isinstance(path, dict):
        return
    # What it takes from an answer may be null there: a key that is no user's.
    for name, value in path.items():
        if value is None or value == "None":
            path[name] = NOBODY
    if case.method == "DELETE" and number(path.get("customerId")) == CUSTOMER:
        path["customerId"] = NOBODY
    if number(path.get("keyId")) == OWN_KEY:
        path["keyId"] = NOBODY


def number(text):
    """The number that an id in a path stands for, if it is one."""
    try:
        return int(str(text))
    except ValueError:
        return None


def whole(value):
    """The same JSON with whole numbers written as such."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [whole(entry) for entry in value]
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    return value
