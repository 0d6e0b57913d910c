"""A day at a desk, with the client that openapi-python-client makes of the API."""

import os
import sys
import time
from typing import TypeVar

from hexdesk_client import AuthenticatedClient
from hexdesk_client.api.comments import create_comment
from hexdesk_client.api.customers import create_customer
from hexdesk_client.api.tickets import create_ticket, get_ticket, list_tickets, update_ticket
from hexdesk_client.models import (
    Attachment,
    CommentAnswer,
    CustomerAnswer,
    NewComment,
    NewCustomer,
    NewTicket,
    Problem,
    TicketAnswer,
    TicketChanges,
    TicketsAnswer,
    TicketWithPeopleAnswer,
)
from hexdesk_client.types import UNSET, Unset

T = TypeVar("T")


def expect(kind: type[T], answer: object) -> T:
    """The response, which must be of this kind."""
    assert isinstance(answer, kind), answer
    return answer


client = AuthenticatedClient(
    base_url=sys.argv[1], token=os.environ["HEXDESK_API_KEY"], prefix="", auth_header_name="x-api-key"
)
email = f"python-{time.time_ns()}@example.com"
customer = expect(
    CustomerAnswer, create_customer.sync(client=client, body=NewCustomer(email=email, first_name="Ada"))
).customer

tickets = []
for name in ("first", "second"):
    new = NewTicket(customer_id=customer.id, channel="Mail", name=name, is_opened_ticket=True, tags=["a", "b"])
    created = create_ticket.sync(client=client, body=new, idempotency_key=f"{email}-{name}")
    tickets.append(expect(TicketAnswer, created).ticket.id)

photo = Attachment(url="https://cdn.example/photo.jpg", name="photo.jpg", size=12)
photo["width"] = 640
message = NewComment(text="Hello", is_from_shop=False, to_emails=["help@example.com"], attachments=[photo])
comment = expect(CommentAnswer, create_comment.sync(tickets[0], client=client, body=message)).comment
assert comment.attachments == [photo], comment

read = get_ticket.sync_detailed(tickets[0], client=client)
ticket = expect(TicketWithPeopleAnswer, read.parsed).ticket
assert ticket.un_read_chat_count == 1 and ticket.human_ticket is not None, ticket

changes = TicketChanges(is_opened_ticket=False, un_read_chat_count=0, assigned_to=None)
changed = update_ticket.sync(tickets[0], client=client, body=changes, if_match=read.headers["etag"])
closed = expect(TicketWithPeopleAnswer, changed).ticket
assert not closed.is_opened_ticket and closed.human_ticket is not None, closed

found = []
cursor: str | None | Unset = UNSET
while cursor is not None:
    page = expect(
        TicketsAnswer,
        list_tickets.sync(
            client=client,
            customer_id=str(customer.id),
            tag=["a", "b"],
            channel=["Mail", "Chat"],
            limit=1,
            cursor=cursor,
        ),
    )
    found += [entry.id for entry in page.tickets]
    cursor = page.next_cursor
assert sorted(found) == sorted(tickets), found

missing = get_ticket.sync("1", client=client)
assert isinstance(missing, Problem) and missing.code == "ticket_not_found", missing
