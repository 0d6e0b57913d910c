-- The shops that are being loaded from an archive. Usually empty. Until the load is finished, `closed_at`
-- of `shops` is set, so that the shop serves nobody, and the true value is here. `entries` are loaded. It is
-- -1 from the moment on at which the load is discarded.
CREATE TABLE shop_loads (
    shop_id BIGINT PRIMARY KEY REFERENCES shops (id),
    entries BIGINT NOT NULL,
    closed_at TIMESTAMPTZ
);
