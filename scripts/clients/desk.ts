// A day at a desk, with the client that openapi-typescript and openapi-fetch make of the API.
import createClient from "openapi-fetch";

import type { components, paths } from "./api.js";

declare const process: { argv: string[]; env: Record<string, string | undefined> };

const client = createClient<paths>({
    baseUrl: process.argv[2] ?? "",
    headers: { "x-api-key": process.env.HEXDESK_API_KEY ?? "" },
});

/** The data of a response, which must be a success. */
function data<T>(response: { data?: T; error?: { error: string } }): T {
    if (response.data === undefined) {
        throw new Error(response.error?.error ?? "no data");
    }
    return response.data;
}

function equal(what: string, found: unknown, expected: unknown): void {
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(`${what}: got ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    }
}

const email = `typescript-${Date.now()}@example.com`;
const { customer } = data(await client.POST("/api/v1/customers", { body: { email, first_name: "Ada" } }));

const tickets: string[] = [];
for (const name of ["first", "second"]) {
    const { ticket } = data(
        await client.POST("/api/v1/tickets", {
            params: { header: { "Idempotency-Key": `${email}-${name}` } },
            body: { customerId: customer.id, Channel: "Mail", name, isOpenedTicket: true, tags: ["a", "b"] },
        }),
    );
    tickets.push(ticket.id);
}
const [ticketId = ""] = tickets;

const attachments = [{ url: "https://cdn.example/photo.jpg", name: "photo.jpg", size: 12, width: 640 }];
const { comment } = data(
    await client.POST("/api/v1/tickets/{ticketId}/comments", {
        params: { path: { ticketId } },
        body: { text: "Hello", isFromShop: "false", toEmails: ["help@example.com"], attachments },
    }),
);
equal("the attachments", comment.attachments?.map((it) => it.url), ["https://cdn.example/photo.jpg"]);

const read = await client.GET("/api/v1/tickets/{ticketId}", { params: { path: { ticketId } } });
const { ticket } = data(read);
equal("the ticket", [ticket.unReadChatCount, ticket.HumanTicket?.HumanTicketStatus], [1, "OPEN"]);

const closed = await client.PATCH("/api/v1/tickets/{ticketId}", {
    params: { path: { ticketId }, header: { "If-Match": read.response.headers.get("etag") ?? "" } },
    body: { isOpenedTicket: false, unReadChatCount: 0, assigned_to: null },
});
equal("the closed ticket", data(closed).ticket.HumanTicket?.HumanTicketStatus, "CLOSED");

const query = { customerId: String(customer.id), tag: ["a", "b"], Channel: ["Mail", "Chat"], limit: 1 };
const found: string[] = [];
let cursor: string | null = null;
do {
    const page: components["schemas"]["TicketsAnswer"] = data(
        await client.GET("/api/v1/tickets", { params: { query: cursor === null ? query : { ...query, cursor } } }),
    );
    found.push(...page.tickets.map((entry) => entry.id));
    cursor = page.next_cursor ?? null;
} while (cursor !== null);
equal("the pages", found.sort(), tickets.sort());

const missing = await client.GET("/api/v1/tickets/{ticketId}", { params: { path: { ticketId: "1" } } });
equal("the problem", missing.error?.code, "ticket_not_found");
