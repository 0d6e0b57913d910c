-- Tickets by the time of their closing, for figures. A new ticket has no entry.
CREATE INDEX tickets_by_closing ON tickets (shop_id, human_ticket_closed_at)
    WHERE human_ticket_closed_at IS NOT NULL;
